/** Serverless takes no operands: `callback rerun RUN_ID` becomes `callback rerun --run RUN_ID`, in place. To be called before the command line is read. */
export function nameRunId(args: string[]): void {
  const at = args.findIndex((word, index) => word === 'callback' && args[index + 1] === 'rerun')
  const operand = at === -1 ? undefined : args[at + 2]
  if (operand !== undefined && !operand.startsWith('-')) args.splice(at + 2, 1, '--run', operand)
}
