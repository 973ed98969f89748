#include "guard/thin.h"

#include <assert.h>
#include <string.h>

#define CUT_MAX 16 /* to no less than that part at once */
#define FITTING 10 /* intervals: one may lie, when who offers it stumbled */
#define HELD 5     /* intervals: what had been let in before a cut is through by then */
#define MEAN_OF 8
#define IDLE_PARTS (THIN_PARTS / 10) /* less is no idleness */
#define SECOND_US 1000000

struct thin_terms thin_terms_default(void)
{
    return (struct thin_terms){.interval_us = 50000,
                               .refusal_parts = THIN_PARTS,
                               .refusals_a_second = 4000,
                               .floor_parts = THIN_PARTS / 100};
}

void thin_init(struct thin *thin, const struct thin_terms *terms)
{
    assert(terms->interval_us > 0 && terms->floor_parts > 0);
    memset(thin, 0, sizeof(*thin));
    thin->terms = *terms;
    thin->unproven_parts = thin->proven_parts = THIN_PARTS;
}

bool thin_is_due(const struct thin *thin, int64_t now_us)
{
    return now_us - thin->interval_at_us >= thin->terms.interval_us;
}

bool thin_is_active(const struct thin *thin)
{
    return thin->unproven_parts < THIN_PARTS || thin->proven_parts < THIN_PARTS;
}

bool thin_is_telling(const struct thin *thin, int64_t now_us)
{
    return now_us < thin->told_until_us;
}

/* To wanted / came of what it was. */
static void cut(struct thin *thin, uint64_t wanted, uint64_t came)
{
    uint32_t *parts = thin->unproven_parts > thin->terms.floor_parts ? &thin->unproven_parts
                                                                     : &thin->proven_parts;
    uint64_t least = came / CUT_MAX;
    uint64_t next = *parts * (wanted < least ? least : wanted) / came;
    *parts = next < thin->terms.floor_parts ? thin->terms.floor_parts : (uint32_t)next;
}

/* More is let through than before_parts. */
static void tell(struct thin *thin, uint32_t before_parts, int64_t now_us)
{
    if (thin->terms.tell_us == 0 || thin->unproven_parts <= before_parts) {
        return;
    }
    if (!thin_is_telling(thin, now_us) || before_parts < thin->told_from_parts) {
        thin->told_from_parts = before_parts;
    }
    thin->told_until_us = now_us + thin->terms.tell_us;
}

/* As much more as the worker could do, a fourth at once. Where those who waited are told first it
 * is seen late what came of it: then at once what it could do, up to four times as much, and no
 * more before that is seen. */
static void raise(struct thin *thin, int64_t now_us)
{
    uint32_t *parts = thin->proven_parts < THIN_PARTS ? &thin->proven_parts : &thin->unproven_parts;
    bool is_telling = thin->terms.tell_us > 0;
    if (is_telling && now_us < thin->told_until_us + 2 * MEAN_OF * thin->terms.interval_us) {
        return;
    }
    int64_t most = is_telling ? THIN_PARTS / 4 * 3 : THIN_PARTS / 4;
    int64_t by = thin->idle_parts < most ? thin->idle_parts : most;
    int64_t next = is_telling ? (int64_t)*parts * THIN_PARTS / (THIN_PARTS - by)
                              : *parts + *parts * by / THIN_PARTS;
    *parts = next > THIN_PARTS ? THIN_PARTS : (uint32_t)next;
    thin->idle_parts -= by;
}

/* Would all that is offered have fitted? What was taken out is counted with all its repeats; where
 * what came in is a known part of the whole, that tells it sooner. */
static bool is_fitting(const struct thin *thin, uint64_t came, uint64_t wanted)
{
    uint64_t limit = wanted - wanted / 5;
    return came + thin->lost <= limit ||
           (thin->terms.tell_us > 0 && came * THIN_PARTS / thin->unproven_parts <= limit);
}

/* What can be admitted in that time, by what was lately; the means go on. */
static uint64_t capacity(struct thin *thin, int64_t lasted_us)
{
    int64_t a_second = (int64_t)thin->admitted * SECOND_US / lasted_us;
    int64_t idle_parts = thin->idle_us * THIN_PARTS / lasted_us;
    thin->idle_parts += (idle_parts - thin->idle_parts) / MEAN_OF;
    thin->admitted_a_second += (a_second - thin->admitted_a_second) / MEAN_OF;
    uint64_t mean = (uint64_t)(thin->admitted_a_second * lasted_us / SECOND_US);
    return thin->admitted > mean ? thin->admitted : mean;
}

/* What was taken out is lost too, so what is lost says something only before anything is. */
static bool is_too_much(const struct thin *thin, uint64_t allowed, bool is_waiting)
{
    bool has_overflowed = thin->lost > 0 && is_waiting && !thin_is_active(thin);
    return has_overflowed || thin->refused > allowed + allowed / 2;
}

bool thin_step(struct thin *thin, bool is_waiting, int64_t now_us)
{
    uint32_t unproven_before = thin->unproven_parts;
    uint32_t proven_before = thin->proven_parts;
    int64_t lasted_us = now_us - thin->interval_at_us;
    bool is_counted = thin->interval_at_us != 0 && lasted_us > 0 && lasted_us <= SECOND_US;
    if (is_counted) {
        uint64_t room = capacity(thin, lasted_us);
        uint64_t allowed = room * thin->terms.refusal_parts / THIN_PARTS +
                           (uint64_t)(lasted_us * thin->terms.refusals_a_second / SECOND_US);
        uint64_t wanted = room + allowed;
        uint64_t came = thin->admitted + thin->refused;
        thin->held -= thin->held > 0 ? 1 : 0;
        bool is_fit = thin_is_active(thin) && !is_waiting && is_fitting(thin, came, wanted);
        thin->fitting = is_fit ? thin->fitting + 1 : 0;
        if (is_too_much(thin, allowed, is_waiting)) {
            uint64_t of = thin_is_active(thin) ? came : came + thin->lost;
            if (thin->held == 0 && of > wanted) {
                cut(thin, wanted, of);
                thin->held = HELD;
            }
        } else if (thin->fitting >= FITTING) {
            thin->unproven_parts = thin->proven_parts = THIN_PARTS;
        } else if (thin_is_active(thin) && thin->idle_parts > IDLE_PARTS) {
            raise(thin, now_us);
        }
        tell(thin, unproven_before, now_us);
    } else if (thin->interval_at_us != 0) {
        thin->unproven_parts = thin->proven_parts = THIN_PARTS; /* nothing for a long while */
    }
    thin->admitted = thin->refused = thin->lost = 0;
    thin->idle_us = 0;
    thin->interval_at_us = now_us;
    return thin->unproven_parts != unproven_before || thin->proven_parts != proven_before;
}
