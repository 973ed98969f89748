/* velocity.h - does an account call out in a way that looks like fraud? Evidence, never a block.
 *
 * Stolen credentials show by many calls in a short time, to hot destinations, to a few prefixes,
 * and by running into the account's limits. For each account that calls out, the last ten seconds
 * are counted, by prefix of four digits. What is found here refuses nobody: it is told to people.
 * It lifts by itself once a minute has passed without it.
 *
 * One table for a process, with a lock of its own held for arithmetic only; fixed size: an account
 * that was quiet for longest makes room. Times are monotonic and above 0.
 */
#ifndef DT_GUARD_VELOCITY_H
#define DT_GUARD_VELOCITY_H

#include <stdbool.h>
#include <stdint.h>

#define VELOCITY_PREFIXES 4
#define VELOCITY_PREFIX_SIZE 5

enum velocity_why {                           /* bits: which evidence stands */
                    VELOCITY_LIMITS = 1 << 0, /* refused by its own limits, again and again */
                    VELOCITY_HOT = 1 << 1,    /* many calls to hot destinations */
                    VELOCITY_SUDDEN =
                        1 << 2 /* many calls to few prefixes from an account that was quiet */
};

struct velocity_terms {
    int32_t limits_count; /* refusals by limits, in ten seconds */
    int32_t hot_count;    /* calls to hot destinations, in ten seconds */
    int32_t sudden_count; /* calls in ten seconds, and three times what is usual */
    int64_t learn_us;     /* after a start nothing is known of what is usual */
    int64_t lift_us;      /* without evidence for so long: over */
};
struct velocity_terms velocity_terms_default(void); /* 20, 20, 100; 10 min; 1 min */

struct velocity_call {
    uint64_t account_id;
    const char *number; /* E.164 digits */
    bool is_hot;
    bool is_refused;     /* by a limit of the account: it took nothing */
    int64_t price_micro; /* of a minute: what it takes or would take, for the alert */
};

struct velocity_table;
/* NULL: no memory. */
struct velocity_table *velocity_table_new(const struct velocity_terms *terms, uint32_t count_max,
                                          int64_t now_us);
void velocity_table_free(struct velocity_table *table);
void velocity_note(struct velocity_table *table, const struct velocity_call *call, int64_t now_us);

struct velocity_suspect {
    uint64_t account_id;
    unsigned why;          /* enum velocity_why; what was found last */
    int64_t since_us;      /* when the suspicion began */
    int32_t call_count;    /* of the last ten seconds, refused ones included */
    int32_t refused_count; /* of these */
    int64_t money_micro;   /* a minute of each that was not refused */
    int32_t prefix_count;
    char prefixes[VELOCITY_PREFIXES][VELOCITY_PREFIX_SIZE]; /* most called first */
    int32_t prefix_calls[VELOCITY_PREFIXES];
};
/* Those under suspicion now, up to max. Call it once a second: it also lifts. */
int velocity_suspects(struct velocity_table *table, struct velocity_suspect *out, int max,
                      int64_t now_us);
/* Was it one when velocity_suspects looked last, told then or not? */
bool velocity_is_suspect(struct velocity_table *table, uint64_t account_id);

#endif
