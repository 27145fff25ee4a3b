export { openApiDocument } from './openapi/document.ts';
export { routes } from './routes.ts';
export { type ApiOptions, type RunningApi, startApi } from './start-api.ts';
