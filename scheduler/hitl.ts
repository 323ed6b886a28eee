/** The public module `millrace/hitl`: tasks that wait for a person. */
export {};
