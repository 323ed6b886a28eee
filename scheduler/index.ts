/** The public module `millrace`: everything that a DAG file may import. */
export {};
