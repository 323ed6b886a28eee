/** The public module `millrace/hitl`: tasks that wait for a person. */
export {
  type ApprovalSpec,
  approval,
  type HITLParam,
  type HITLResult,
  type HITLSpec,
  type HITLTask,
  type HITLText,
  type HITLTextArgs,
  type HITLUser,
  hitl,
} from './dag/human-input.js';
