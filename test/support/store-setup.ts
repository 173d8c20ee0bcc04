import type { CloudEvent } from '../../src/callback/cloud-event'
import type { ParkedItem, Store } from '../../src/stores/store'

/** How the contract suite handles one store. */
export interface StoreSetup {
  /** A store on an empty medium. */
  readonly open: () => Promise<Store>
  /** Another store on the same medium, as a second process would open it; null when the medium is the store itself. */
  readonly again: (() => Promise<Store>) | null
  /** Lets time pass for the store: by the clock it asks, or by waiting. */
  readonly pass: (ms: number) => Promise<void>
  /** Makes the item's text one that cannot be read; absent: the medium keeps no text. */
  readonly spoil?: (id: string) => Promise<void>
  readonly cleanUp: () => Promise<void>
}

/** Leases are short, so that a store on a real clock is waited for only briefly. */
export const LEASE = 400
export const LONG = 60_000

/** Keys and names may be any text. */
export const STRANGE = [
  '',
  'A',
  'a',
  'ä',
  'wf-运行-成功/失败',
  '../../etc/passwd',
  '..',
  '.',
  '/',
  'a/b',
  'a//b',
  'a\\b',
  'a b',
  'a%2Fb',
  'a?b#c&d=e',
  '*',
  'con',
  'x.done',
  'x.1',
  '__proto__',
  'constructor',
  '😀',
  'line\nbreak\u0000nul',
  'k'.repeat(1000),
  `${'k'.repeat(999)}l`,
  '名'.repeat(1000),
]

/** The store that a test is about, opened anew for each. */
export interface StoreUnderTest {
  readonly store: Store
  /** As another process sees it. */
  another(): Promise<Store>
  pass(ms: number): Promise<void>
  /** False where there is no text to spoil. */
  spoil(id: string): Promise<boolean>
}

/** Opens a store before each test of this block, and closes it and what was opened beside it afterwards. */
export function eachOpensStore(setUp: () => StoreSetup): StoreUnderTest {
  let setup: StoreSetup
  let store: Store
  const opened: Store[] = []
  beforeEach(async () => {
    setup = setUp()
    store = await setup.open()
    opened.push(store)
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close?.()
    await setup.cleanUp()
  })
  return {
    get store() {
      return store
    },
    async another() {
      if (setup.again === null) return store
      const more = await setup.again()
      opened.push(more)
      return more
    },
    pass: (ms) => setup.pass(ms),
    async spoil(id) {
      await setup.spoil?.(id)
      return setup.spoil !== undefined
    },
  }
}

export function messageItem(id: string, changes: Partial<ParkedItem> = {}): ParkedItem {
  const event: CloudEvent = {
    specversion: '1.0',
    id: `run-${id}`,
    source: '/cos/bucket-1250000000',
    subject: '目录/视频 "1".mp4',
    type: 'com.tencentcloud.ci.workflow.succeeded',
    datacontenttype: 'application/json',
    state: 'Success',
    verdict: 'succeeded',
    data: {
      runId: `run-${id}`,
      bucket: 'bucket-1250000000',
      object: '目录/视频 "1".mp4',
      state: 'Success',
      createdAt: null,
      headers: {},
      workflow: { id: 'w1', name: '转码\n流程' },
      tasks: [],
    },
  }
  return {
    id,
    status: 'waiting',
    group: 'bucket-1250000000/目录/视频 "1".mp4',
    parkedAt: 1_700_000_000_000,
    tries: 0,
    dueAt: 1_700_000_000_000,
    lastError: null,
    payload: { kind: 'message', event },
    ...changes,
  }
}
