#include "guard/thin.h"

#include <assert.h>
#include <string.h>

#define CUT_MAX 16 /* to no less than that part at once */
#define FITTING 10 /* intervals: one may lie, when who offers it stumbled */
#define HELD 3     /* intervals: what a cut does is not seen sooner */
#define LOSING 3   /* intervals in a row: a burst is over when it is seen, and cuts nobody */
#define MEAN_OF 8
#define ADMITTED_MEAN_OF 4
#define BEST_FADES_IN 64             /* intervals, some 3 s */
#define IDLE_PARTS (THIN_PARTS / 20) /* less is no idleness */
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

/* The means go on. */
static void note_means(struct thin *thin, int64_t lasted_us)
{
    int64_t a_second = (int64_t)thin->admitted * SECOND_US / lasted_us;
    int64_t idle_parts = thin->idle_us * THIN_PARTS / lasted_us;
    thin->idle_parts += (idle_parts - thin->idle_parts) / MEAN_OF;
    thin->admitted_a_second += (a_second - thin->admitted_a_second) / ADMITTED_MEAN_OF;
    thin->best_a_second -= thin->best_a_second / BEST_FADES_IN;
    if (thin->admitted_a_second > thin->best_a_second) {
        thin->best_a_second = thin->admitted_a_second;
    }
}

/* Of what waited too long most is refused, and little admitted, whatever could be: so what can be
 * admitted in that time is what it was at its best lately. */
static uint64_t capacity(const struct thin *thin, int64_t span_us)
{
    uint64_t best = (uint64_t)(thin->best_a_second * span_us / SECOND_US);
    return thin->admitted > best ? thin->admitted : best;
}

static uint64_t refusals_allowed(const struct thin *thin, int64_t span_us)
{
    return capacity(thin, span_us) * thin->terms.refusal_parts / THIN_PARTS +
           (uint64_t)(span_us * thin->terms.refusals_a_second / SECOND_US);
}

/* What is taken out is lost too, so what is lost says something only before anything is. */
static void note_losses(struct thin *thin, bool is_waiting, int64_t lasted_us)
{
    if (thin->lost == 0 || !is_waiting || thin_is_active(thin)) {
        thin->losing = 0;
        thin->losing_us = 0;
        thin->losing_count = 0;
        return;
    }
    thin->losing++;
    thin->losing_us += lasted_us;
    thin->losing_count += thin->admitted + thin->refused + thin->lost;
}

/* Cuts if far too much came for a while. What was in the queue before the last cut is not held
 * against those who come now. True: too much came, cut or not. */
static bool cut_if_due(struct thin *thin, int64_t lasted_us, int64_t waited_us, int64_t now_us)
{
    uint64_t allowed = refusals_allowed(thin, lasted_us);
    bool is_losing = thin->losing >= LOSING;
    bool is_refusing = thin->refused > allowed + allowed / 2;
    int64_t span_us = is_losing ? thin->losing_us : lasted_us;
    uint64_t came = is_losing ? thin->losing_count : thin->admitted + thin->refused;
    uint64_t wanted = capacity(thin, span_us) + refusals_allowed(thin, span_us);
    bool is_old = now_us - lasted_us - waited_us < thin->cut_at_us;
    if ((is_losing || is_refusing) && thin->held == 0 && !is_old && came > wanted) {
        cut(thin, wanted, came);
        thin->held = HELD;
        thin->cut_at_us = now_us;
    }
    return is_losing || is_refusing;
}

static void step(struct thin *thin, int64_t lasted_us, struct thin_wait wait, int64_t now_us)
{
    note_means(thin, lasted_us);
    note_losses(thin, wait.is_too_long, lasted_us);
    uint64_t wanted = capacity(thin, lasted_us) + refusals_allowed(thin, lasted_us);
    thin->held -= thin->held > 0 ? 1 : 0;
    bool is_fit = thin_is_active(thin) && !wait.is_too_long &&
                  is_fitting(thin, thin->admitted + thin->refused, wanted);
    thin->fitting = is_fit ? thin->fitting + 1 : 0;
    if (cut_if_due(thin, lasted_us, wait.waited_us, now_us)) {
        return;
    }
    if (thin->fitting >= FITTING) {
        thin->unproven_parts = thin->proven_parts = THIN_PARTS;
    } else if (thin_is_active(thin) && thin->idle_parts > IDLE_PARTS) {
        raise(thin, now_us);
    }
}

bool thin_step(struct thin *thin, struct thin_wait wait, int64_t now_us)
{
    uint32_t unproven_before = thin->unproven_parts;
    uint32_t proven_before = thin->proven_parts;
    int64_t lasted_us = now_us - thin->interval_at_us;
    bool is_counted = thin->interval_at_us != 0 && lasted_us > 0 && lasted_us <= SECOND_US;
    if (is_counted) {
        step(thin, lasted_us, wait, now_us);
        tell(thin, unproven_before, now_us);
    } else if (thin->interval_at_us != 0) {
        thin->unproven_parts = thin->proven_parts = THIN_PARTS; /* nothing for a long while */
    }
    thin->admitted = thin->refused = thin->lost = 0;
    thin->idle_us = 0;
    thin->interval_at_us = now_us;
    return thin->unproven_parts != unproven_before || thin->proven_parts != proven_before;
}
