import { Command } from 'commander';

const program = new Command('millrace').description('A self-hosted scheduler for data pipelines.');

await program.parseAsync();
