/* fixture.h - a store in a directory of its own, removed at the end, and short names for what most
 * tests do. Money is written in micro-units: 20 * MONEY_MICRO. */
#ifndef DT_TEST_STORE_FIXTURE_H
#define DT_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those first. */
#include <cmocka.h>

#include "base/money.h"
#include "store/store.h"

#define assert_result(call, expected)                                                              \
    assert_string_equal(store_result_name(call), store_result_name(expected))
#define assert_ok(call) assert_result(call, STORE_OK)
#define EUROS(n) ((int64_t)(n)*MONEY_MICRO)

struct fixture {
    char dir[64];
    struct store *store;
};

/* For cmocka's group: with DT_STORE=postgresql in the environment a server of this program's own is
 * started, and all below runs on it. */
int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);

int fixture_setup(void **state);    /* a migrated database; *state is a struct fixture */
int fixture_teardown(void **state); /* removes the directory */

/* For stores that are there: longer than a machine with too much to do makes them take. */
#define FIXTURE_PATIENCE_US 20000000

/* A further store on the same directory; store_free it. */
struct store *fixture_open(const struct fixture *fixture, int64_t deadline_us,
                           bool has_fault_layer);
void fixture_path(const struct fixture *fixture, const char *name, char path[128]);
void fixture_write(const struct fixture *fixture, const char *name, const char *text);
void fixture_sql(const struct fixture *fixture, const char *sql); /* past the store: tampering */
/* The database as it is now is kept; what was kept takes its place. Both open fixture->store anew.
 */
void fixture_keep(struct fixture *fixture);
void fixture_put_back(struct fixture *fixture);
int64_t fixture_number(const struct fixture *fixture, const char *sql);

uint64_t make_account(struct store *store, const char *name, int64_t limit_micro);
void top_up(struct store *store, uint64_t account_id, int64_t amount_micro);
uint64_t make_incarnation(struct store *store, char digit, uint64_t *session);
struct usage make_usage(uint64_t sequence, uint64_t account_id, int64_t charge_micro,
                        int64_t ended_micro);
struct lease_answer ask(struct store *store, uint64_t incarnation, uint64_t session,
                        uint64_t account_id, int64_t used_micro, int64_t returned_micro,
                        int64_t want_micro);
uint64_t settle_one(struct store *store, uint64_t incarnation, uint64_t session,
                    struct usage usage); /* answers the mark */
struct balance balance_of(struct store *store, uint64_t account_id);

/* Wrong rows that an audit finds; the texts, joined by newlines, in fixture_audit_text. */
uint64_t audit(struct store *store, char *text, size_t text_size);
void assert_clean(struct store *store);

#endif
