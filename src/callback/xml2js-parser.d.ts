/** xml2js's parser alone: its main module loads the XML builder as well. */
declare module 'xml2js/lib/parser' {
  export class Parser {
    constructor(options: { explicitArray: boolean; ignoreAttrs: boolean; charkey: string; emptyTag: null })
    saxParser: {
      trackPosition: boolean
      /** Returns the element to which the text belongs. */
      ontext: (text: string) => Record<string, unknown> | undefined
      onerror: (error: Error) => void
      write(text: string): void
      /** Hands on the text so far. */
      flush(): void
    }
    resultObject: Record<string, unknown>
    assignOrPush: (parent: Record<string, unknown>, name: string, value: unknown) => void
  }
}
