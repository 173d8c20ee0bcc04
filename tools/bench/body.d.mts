/** A workflow callback with so many tasks, in the shape that CI sends (EventName, template fields). */
export function execution(tasks: number, runId?: string): string
