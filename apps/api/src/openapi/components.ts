/** The named schemas of the OpenAPI document: bodies as they are sent, answers as they come. */
import * as contracts from '@writ/contracts';
import { problem } from '../http/problem.ts';
import type { NamedSchemas } from './schemas.ts';

export const bodies: NamedSchemas = {
  io: 'input',
  byName: {
    RegisterAgent: contracts.registerAgent,
    IssueGrant: contracts.issueGrant,
    PublishPolicies: contracts.publishPolicies,
    StartExecution: contracts.startExecution,
    ReportExecution: contracts.reportExecution,
    GiveFeedback: contracts.giveFeedback,
    CreateKey: contracts.createKey,
    EvaluationRequest: contracts.evaluationRequest,
    EvaluationsRequest: contracts.evaluationsRequest,
  },
};

export const answers: NamedSchemas = {
  io: 'output',
  byName: {
    Problem: problem,
    CommandAccepted: contracts.commandAccepted,
    EvaluationReply: contracts.evaluationReply,
    EvaluationsReply: contracts.evaluationsReply,
    Event: contracts.eventView,
    Agent: contracts.agentView,
    AgentVersion: contracts.agentVersionView,
    AgentDetail: contracts.agentDetailView,
    Grant: contracts.grantView,
    PolicyVersion: contracts.policyVersionView,
    PolicyVersionDetail: contracts.policyVersionDetailView,
    Decision: contracts.decisionView,
    DecisionDetail: contracts.decisionDetailView,
    DecisionInputs: contracts.decisionInputs,
    PolicyValue: contracts.policyValue,
    Execution: contracts.executionView,
    Feedback: contracts.feedbackView,
    Trust: contracts.trustView,
    TrustContribution: contracts.trustContributionView,
    Key: contracts.keyView,
    DeadLetter: contracts.deadLetterView,
    DeadLetterDetail: contracts.deadLetterDetailView,
  },
};
