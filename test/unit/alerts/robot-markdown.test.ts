import { literal } from '../../../src/alerts/robot-markdown'

describe('literal', () => {
  test.each([
    ['**x**](http://evil)', '＊＊x＊＊］(http：//evil)'],
    ['[x](https://evil)', '［x］(https：//evil)'],
    ['<@U123> <!channel>', '＜@U123＞ ＜!channel＞'],
    ['<at user_id="all">', '＜at user_id="all"＞'],
    ['`code` ~~gone~~ a|b', '｀code｀ ～～gone～～ a｜b'],
    ['\\*not bold\\*', '＼＊not bold＼＊'],
    ['_x_ __x__ -_-', '＿x＿ ＿＿x＿＿ -＿-'],
    ['&lt;@U123&gt; &#60; &#x3c;', '＆lt;@U123＆gt; ＆#60; ＆#x3c;'],
  ])('%s', (text, expected) => {
    expect(literal(text)).toBe(expected)
  })

  test.each([
    'uploads/2022/07/my_video-final.v2.mp4',
    'a__b_c/课程_第3讲 (终).mp4',
    'w18fd791485904afba3ab07ed57d9cf1e',
    '2020-12-01 11:00:42 → 11:00:45 +08:00',
    'a=1&b=2; 50% #3 + {x} "quoted" it’s fine!',
  ])('leaves what means nothing to Markdown, so that it can be copied: %s', (text) => {
    expect(literal(text)).toBe(text)
  })
})
