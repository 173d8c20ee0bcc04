import { ledgerContract } from './ledger-contract'
import { notesContract } from './notes-contract'
import { type OutboxTraits, outboxContract } from './outbox-contract'
import type { StoreSetup } from '../support/store-setup'

/** What every store promises: one contract an interface, written once, run by each driver. */
export function storeContract(setUp: () => StoreSetup, traits: OutboxTraits = {}): void {
  describe('its outbox', () => outboxContract(setUp, traits))
  describe('its ledger', () => ledgerContract(setUp, traits))
  describe('its notes', () => notesContract(setUp, traits))
}
