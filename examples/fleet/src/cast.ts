/** Who plays: five agents, what each may do, and on what. */

export type Part = {
  readonly agentId: string;
  readonly name: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  readonly action: string;
  /** What its grant covers. */
  readonly resources: readonly string[];
};

export const DATA_SET_RESOURCE = 'dataset:bike-counts';
/** There is no such file: nobody here has business with it. */
export const FORBIDDEN_RESOURCE = 'dataset:rider-addresses';
export const SUMMARISE = 'write_summary';

export const cast = {
  profiler: {
    agentId: 'fleet:profiler',
    name: 'Profiler',
    type: 'analysis',
    capabilities: ['csv', 'profiling'],
    action: 'profile_dataset',
    resources: ['dataset:bike-*'],
  },
  chartMaker: {
    agentId: 'fleet:chart-maker',
    name: 'Chart Maker',
    type: 'visualization',
    capabilities: ['csv', 'svg'],
    action: 'draw_chart',
    resources: ['dataset:bike-*'],
  },
  summariser: {
    agentId: 'fleet:summariser',
    name: 'Summariser',
    type: 'writing',
    capabilities: ['markdown'],
    action: SUMMARISE,
    resources: ['dataset:bike-*'],
  },
  hasty: {
    agentId: 'fleet:hasty',
    name: 'Hasty Summariser',
    type: 'writing',
    capabilities: ['markdown'],
    action: SUMMARISE,
    resources: ['dataset:bike-*'],
  },
  validator: {
    agentId: 'fleet:validator',
    name: 'Validator',
    type: 'validation',
    capabilities: ['csv', 'markdown'],
    action: 'validate_summary',
    resources: ['report:*'],
  },
} as const satisfies Record<string, Part>;

export type Role = keyof typeof cast;
export const roles = Object.keys(cast) as Role[];
