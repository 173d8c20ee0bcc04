import type { Credentials } from '../tencent/credentials'

/** What a driver may know of its surroundings; everything else is in its URL. */
export interface DriverContext {
  /** The function's role, else TENCENT_SECRET_ID / TENCENT_SECRET_KEY; null when there is neither. Asked at each use: role keys change. */
  readonly credentials: () => Credentials | null
  /** The function's own, `ap-guangzhou` and the like, for a URL that names none; null when unknown. */
  readonly region: string | null
}
