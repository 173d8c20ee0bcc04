/** Told where a job stands that is left out of the document. `ifAlone`: it is one only where the document is a `Response` and nothing else. */
export type LeftOut = (ifAlone: boolean, begin: number, end: number) => void
