#include "store/schema.h"

/* Step 1. Ids are never used twice (AUTOINCREMENT): books, records and caches keep them. */
static const char configuration_and_ledger[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counter VALUES ('change', 0), ('transfer', 0), ('cdr', 0);"
    "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " wall_us INTEGER NOT NULL, program TEXT NOT NULL);"

    /* The change feed: the newest change of each row, by a number that is given under the lock. */
    "CREATE TABLE change (kind INTEGER NOT NULL, id INTEGER NOT NULL, number INTEGER NOT NULL,"
    " is_removed INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX change_number ON change (number);"

    "CREATE TABLE setting (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " name TEXT NOT NULL UNIQUE, value TEXT NOT NULL);"

    "CREATE TABLE deck (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " name TEXT NOT NULL UNIQUE, deck_version INTEGER NOT NULL);"
    "CREATE TABLE deck_version (deck INTEGER NOT NULL, deck_version INTEGER NOT NULL,"
    " import INTEGER NOT NULL UNIQUE, currency TEXT NOT NULL, rounding INTEGER NOT NULL,"
    " prefix_count INTEGER NOT NULL, object_size INTEGER NOT NULL, object_hash TEXT NOT NULL,"
    " wall_imported_us INTEGER NOT NULL, PRIMARY KEY (deck, deck_version)) WITHOUT ROWID;"
    "CREATE TABLE deck_piece (import INTEGER NOT NULL, piece INTEGER NOT NULL,"
    " bytes BLOB NOT NULL, PRIMARY KEY (import, piece));"

    "CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " name TEXT NOT NULL UNIQUE, currency TEXT NOT NULL, kind INTEGER NOT NULL,"
    " class INTEGER NOT NULL, is_suspended INTEGER NOT NULL, suspended_by TEXT NOT NULL,"
    " suspended_why TEXT NOT NULL, limit_micro INTEGER NOT NULL, grace_micro INTEGER NOT NULL,"
    " channels_max INTEGER NOT NULL, cps_max INTEGER NOT NULL, spend_day_micro INTEGER NOT NULL,"
    " sell_deck INTEGER REFERENCES deck (id), inbound_deck INTEGER REFERENCES deck (id),"
    " country_code TEXT NOT NULL, national_prefix TEXT NOT NULL,"
    " international_prefix TEXT NOT NULL);"
    "CREATE INDEX account_sell_deck ON account (sell_deck) WHERE sell_deck IS NOT NULL;"
    "CREATE INDEX account_inbound_deck ON account (inbound_deck) WHERE inbound_deck IS NOT NULL;"

    "CREATE TABLE endpoint (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " account_id INTEGER NOT NULL REFERENCES account (id), \"user\" TEXT NOT NULL UNIQUE,"
    " ha1_md5 BLOB NOT NULL, ha1_sha256 BLOB NOT NULL, is_disabled INTEGER NOT NULL,"
    " display TEXT NOT NULL, identities TEXT NOT NULL);"
    "CREATE INDEX endpoint_account ON endpoint (account_id);"

    "CREATE TABLE trunk (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " account_id INTEGER REFERENCES account (id), name TEXT NOT NULL UNIQUE, host TEXT NOT NULL,"
    " port INTEGER NOT NULL, transport INTEGER NOT NULL, is_disabled INTEGER NOT NULL,"
    " takes_emergency INTEGER NOT NULL, acl TEXT NOT NULL, auth_user TEXT NOT NULL,"
    " auth_password TEXT NOT NULL, tech_prefix TEXT NOT NULL, sends_plus INTEGER NOT NULL,"
    " cost_deck INTEGER REFERENCES deck (id), channels_max INTEGER NOT NULL,"
    " cps_max INTEGER NOT NULL, identity TEXT NOT NULL);"
    "CREATE INDEX trunk_account ON trunk (account_id) WHERE account_id IS NOT NULL;"

    "CREATE TABLE number (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " account_id INTEGER NOT NULL REFERENCES account (id), digits TEXT NOT NULL UNIQUE,"
    " target INTEGER NOT NULL, endpoint_user TEXT NOT NULL,"
    " trunk_id INTEGER REFERENCES trunk (id));"
    "CREATE INDEX number_account ON number (account_id);"
    "CREATE INDEX number_trunk ON number (trunk_id) WHERE trunk_id IS NOT NULL;"

    "CREATE TABLE route (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " prefix TEXT NOT NULL, trunk_id INTEGER NOT NULL REFERENCES trunk (id),"
    " priority INTEGER NOT NULL, weight INTEGER NOT NULL, UNIQUE (prefix, trunk_id));"
    "CREATE INDEX route_trunk ON route (trunk_id);"

    "CREATE TABLE api_key (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, is_operator INTEGER NOT NULL,"
    " account_id INTEGER REFERENCES account (id), is_revoked INTEGER NOT NULL);"
    "CREATE INDEX api_key_account ON api_key (account_id) WHERE account_id IS NOT NULL;"

    /* Books. A customer's has the account's id; the platform's have negative ids. balance is what
     * transfers brought less what they took. leased and excess are sums over the customer's
     * leases: G - R - S, and max(0, Uk - (G - R)). */
    "CREATE TABLE book (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, currency TEXT NOT NULL,"
    " incarnation INTEGER NOT NULL DEFAULT 0, balance INTEGER NOT NULL DEFAULT 0,"
    " credit_limit INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0,"
    " excess INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0,"
    " last_transfer INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX book_platform ON book (kind, currency, incarnation) WHERE id < 0;"

    /* Append only. amount (> 0) goes from the debit book to the credit book. previous: the
     * account's transfer before it, so that a statement needs no index. */
    "CREATE TABLE transfer (number INTEGER PRIMARY KEY, wall_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, debit INTEGER NOT NULL, credit INTEGER NOT NULL,"
    " amount INTEGER NOT NULL, account INTEGER NOT NULL, incarnation INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, previous INTEGER NOT NULL, linked INTEGER, actor TEXT,"
    " reason TEXT, row_check INTEGER NOT NULL);"
    "CREATE INDEX transfer_linked ON transfer (linked) WHERE linked IS NOT NULL;"
    /* The transfers of one transaction are one link of a chain: 0 for the API, else of an
     * incarnation. hash = SHA-256 (the chain's hash before, the rows). */
    "CREATE TABLE link (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, chain INTEGER NOT NULL,"
    " hash BLOB NOT NULL);"
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, head BLOB NOT NULL, link_count INTEGER NOT NULL);"

    "CREATE TABLE incarnation (number INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL,"
    " nonce TEXT NOT NULL UNIQUE, session INTEGER NOT NULL DEFAULT 0,"
    " high_water INTEGER NOT NULL DEFAULT 0, is_dead INTEGER NOT NULL DEFAULT 0,"
    " wall_registered_us INTEGER NOT NULL, wall_fenced_us INTEGER, actor TEXT, reason TEXT);"
    "CREATE INDEX incarnation_live ON incarnation (number) WHERE is_dead = 0;"
    /* id is (incarnation << 40) + account: one integer to look for, updated in place. */
    "CREATE TABLE lease (id INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL,"
    " account INTEGER NOT NULL,"
    " granted INTEGER NOT NULL, returned INTEGER NOT NULL, settled INTEGER NOT NULL,"
    " used_known INTEGER NOT NULL, is_wanted INTEGER NOT NULL DEFAULT 0,"
    " verdict INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX lease_wanted ON lease (incarnation, account) WHERE is_wanted = 1;"

    "CREATE TABLE idem (key TEXT PRIMARY KEY, request_hash TEXT NOT NULL,"
    " transfer INTEGER NOT NULL, balance INTEGER NOT NULL, wall_us INTEGER NOT NULL)"
    " WITHOUT ROWID;";

/* Step 2. A CDR's row number is made of the second in which the call ended and a counter, so that
 * time and row order are one. usage is the record as the edge wrote it. */
static const char records[] =
    "CREATE TABLE cdr (row INTEGER PRIMARY KEY, account INTEGER NOT NULL,"
    " incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL, transfer INTEGER,"
    " usage BLOB NOT NULL);"
    "CREATE INDEX cdr_account ON cdr (account);"
    "CREATE TABLE event (row INTEGER PRIMARY KEY AUTOINCREMENT, wall_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, account INTEGER, text TEXT NOT NULL);"
    "CREATE INDEX event_kind ON event (kind);"
    "CREATE INDEX event_account ON event (account) WHERE account IS NOT NULL;";

/* Step 3. Limits of an account against toll fraud; 0 and the empty text: none. */
static const char fraud_limits[] =
    "ALTER TABLE account ADD COLUMN spend_minute_micro INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN price_max_micro INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN hot_open TEXT NOT NULL DEFAULT '';";

/* Step 4. enum endpoint_digest. */
static const char endpoint_digest[] =
    "ALTER TABLE endpoint ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;";

/* Step 5. What a deck's prices are for (enum deck_kind), and the zone of its windows. */
static const char deck_kinds[] =
    "ALTER TABLE deck_version ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE deck_version ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';";

/* Step 6. The export and the statements find a record by what its edge called it. */
static const char record_sequence[] = "CREATE INDEX cdr_sequence ON cdr (incarnation, sequence);";

/* Step 7. When a suspension by a rule ends by itself; 0: it does not. */
static const char suspension_ends[] =
    "ALTER TABLE account ADD COLUMN wall_suspended_until_us INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX account_suspended_until ON account (wall_suspended_until_us)"
    " WHERE wall_suspended_until_us <> 0;";

/* Step 8. A part of a balance that may not be promised; until: 0 for ever. */
static const char balance_locks[] =
    "ALTER TABLE book ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE book ADD COLUMN wall_locked_until_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE book ADD COLUMN locked_by TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE book ADD COLUMN locked_why TEXT NOT NULL DEFAULT '';";

/* Step 9. An account's own threshold (-1: the default of its currency). In its book the one in
 * force (0: none), whether it is below, and, since money moved and until somebody looked, the
 * threshold again: so each change of a book notes it for nothing. */
static const char low_balances[] =
    "ALTER TABLE account ADD COLUMN low_balance_micro INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE book ADD COLUMN low_below INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE book ADD COLUMN low_due INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE book ADD COLUMN is_low INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX book_low_due ON book (id) WHERE low_due <> 0;"
    /* after: the account up to which it is in force; -1: all. */
    "CREATE TABLE low_default (currency TEXT PRIMARY KEY, below INTEGER NOT NULL,"
    " after INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE crossing (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"
    " key TEXT NOT NULL UNIQUE, wall_us INTEGER NOT NULL, left_micro INTEGER NOT NULL,"
    " below_micro INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " wall_next_us INTEGER NOT NULL, topup_micro INTEGER NOT NULL, transfer INTEGER NOT NULL,"
    " note TEXT NOT NULL);"
    "CREATE INDEX crossing_open ON crossing (wall_next_us) WHERE state = 0;"
    "CREATE INDEX crossing_account ON crossing (account);";

/* Step 10. Sub-accounts: one level. */
static const char sub_accounts[] =
    "ALTER TABLE account ADD COLUMN parent_id INTEGER REFERENCES account (id);"
    "CREATE INDEX account_parent ON account (parent_id) WHERE parent_id IS NOT NULL;";

/* Step 11. The zone of an account's week windows; empty: the deck's. */
static const char account_zones[] =
    "ALTER TABLE account ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';";

/* Step 12. Promotional credit that ends: one for each entry that gave some. The marks are what the
 * account's leases had used and returned when it was followed last. In the book: what ended and
 * could not be taken back yet. */
static const char promotions[] =
    "CREATE TABLE promotion (number INTEGER PRIMARY KEY, account INTEGER NOT NULL,"
    " amount INTEGER NOT NULL, left_micro INTEGER NOT NULL, taken_micro INTEGER NOT NULL,"
    " held_micro INTEGER NOT NULL, wall_ends_us INTEGER NOT NULL, wall_look_us INTEGER NOT NULL,"
    " has_ended INTEGER NOT NULL, is_open INTEGER NOT NULL, used_mark INTEGER NOT NULL,"
    " returned_mark INTEGER NOT NULL);"
    "CREATE INDEX promotion_account ON promotion (account) WHERE is_open = 1;"
    "CREATE INDEX promotion_look ON promotion (wall_look_us) WHERE is_open = 1;"
    "ALTER TABLE book ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;";

/* Step 13. What the ledger heard last of an edge's disk: the session that spoke, where on the disk
 * it was, and the newest usage there. And the timeline: a row of meta. */
static const char disks_and_timeline[] =
    "ALTER TABLE incarnation ADD COLUMN session_used INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE incarnation ADD COLUMN disk_position INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE incarnation ADD COLUMN disk_sequence INTEGER NOT NULL DEFAULT 0;"
    /* Starts of processes on a disk that was let in: what they wrote is that incarnation's. */
    "CREATE TABLE disk_start (nonce TEXT PRIMARY KEY, incarnation INTEGER NOT NULL) WITHOUT ROWID;";

/* Step 14. What edges counted of trunks lately. */
static const char trunk_qualities[] =
    "CREATE TABLE trunk_quality (trunk INTEGER PRIMARY KEY, calls INTEGER NOT NULL,"
    " answered INTEGER NOT NULL, delays INTEGER NOT NULL, delay_sum_ms INTEGER NOT NULL,"
    " wall_us INTEGER NOT NULL);";

/* Step 15. Locks by when they end, so that somebody looks then. */
static const char lock_ends[] = "CREATE INDEX book_locked_until ON book (wall_locked_until_us)"
                                " WHERE wall_locked_until_us <> 0;";

const struct schema_step schema_steps[] = {
    {"configuration and ledger", configuration_and_ledger},
    {"records", records},
    {"limits against toll fraud", fraud_limits},
    {"endpoint digest", endpoint_digest},
    {"deck kinds and time zones", deck_kinds},
    {"records by sequence", record_sequence},
    {"suspensions that end", suspension_ends},
    {"balance locks", balance_locks},
    {"low balances", low_balances},
    {"sub-accounts", sub_accounts},
    {"zones of accounts", account_zones},
    {"promotions", promotions},
    {"disks and timeline", disks_and_timeline},
    {"quality of trunks", trunk_qualities},
    {"ends of locks", lock_ends},
};
