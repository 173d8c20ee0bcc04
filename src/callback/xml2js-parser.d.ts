/** xml2js's parser alone: its main module loads the XML builder as well. */
declare module 'xml2js/lib/parser' {
  export class Parser {
    constructor(options: { explicitArray: boolean; ignoreAttrs: boolean; charkey: string; emptyTag: null })
    saxParser: {
      readonly line: number
      readonly column: number
      closedRoot: boolean
      ENTITIES: Readonly<Record<string, string>>
      onopentag: (node: { name: string }) => void
      onclosetag: (name: string) => void
      oncdata: (data: string) => void
      onprocessinginstruction: (instruction: { name: string; body: string }) => void
      ondoctype: (doctype: string) => void
      onerror: (error: Error) => void
      write(text: string): { close(): void }
    }
    resultObject: Record<string, unknown>
    assignOrPush: (parent: Record<string, unknown>, name: string, value: unknown) => void
  }
}
