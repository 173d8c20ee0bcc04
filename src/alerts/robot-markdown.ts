/**
 * A text from outside inside the Markdown of the WeCom and DingTalk robots. Neither documents an escape, so what their Markdown would
 * obey (links, emphasis, code, tags, mentions such as `<@U123>`, addresses that become links) is replaced by its full-width look-alike,
 * which no renderer obeys. `_` stays inside words, where it means nothing, so that `my_video.mp4` can be copied as it is.
 */
export function literal(text: string): string {
  return text
    .replace(/[<>[\]*`\\~|]/g, fullWidth)
    .replace(/(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu, (run) => '＿'.repeat(run.length))
    .replace(/&(?=#?\w+;)/g, fullWidth)
    .replace(/:\/\//g, '：//')
}

/** U+FF01–FF5E are ASCII 21–7E, 0xFEE0 further on. */
function fullWidth(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 0xfee0)
}
