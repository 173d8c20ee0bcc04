// How often the machine itself stood still for longer than so many ms (argv), as whoever wakes every millisecond sees it. Asked, it tells, and begins anew.
const limitMs = Number(process.argv[2])
let last = performance.now()
let count = 0
let longestMs = 0

function look() {
  const now = performance.now()
  const lateMs = now - last - 1
  if (lateMs > limitMs) {
    count += 1
    longestMs = Math.max(longestMs, lateMs)
  }
  last = now
  setTimeout(look, 1)
}
look()

process.on('message', () => {
  process.send({ count, longestMs })
  count = 0
  longestMs = 0
})
