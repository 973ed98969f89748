#include "guard/thin.h"

#include <assert.h>
#include <string.h>

#define CUT_MAX 16       /* to no less than that part at once */
#define FITTING 10       /* intervals: one may lie, when who offers it stumbled */
#define TOO_MUCH 3       /* intervals in a row: a burst is over when it is seen, and cuts nobody */
#define FLOODED 5        /* intervals in a row that do not wait until it has settled */
#define FAR_FOURTHS 5    /* of what may be refused: far more than may be */
#define FLOOD_FOURTHS 16 /* of it: a flood */
#define OLD 2            /* intervals: by then what waited before a change is through */
#define UNCHANGED_MAX 1000 /* more are not counted */
#define MEAN_OF 8
#define DOABLE_MEAN_OF 4
#define BEST_FADES_IN 64             /* intervals, some 3 s */
#define IDLE_PARTS (THIN_PARTS / 20) /* less is no idleness */
#define BUSY_MIN 4 /* who was busy for less than this part counts as if for that */
#define SECOND_US 1000000

struct thin_terms thin_terms_default(void)
{
    return (struct thin_terms){.interval_us = 50000,
                               .refusal_parts = THIN_PARTS,
                               .refusals_a_second = 4000,
                               .floor_parts = THIN_PARTS / 100,
                               .settle_us = 200000};
}

struct thin_terms thin_terms_calls(void)
{
    struct thin_terms terms = thin_terms_default();
    terms.refusal_parts = THIN_PARTS / 5 * 3;
    /* Within 4 s each of those who called in the last 7.5 s calls again (RFC 3261 17.1.1.2). */
    terms.tell_us = 4000000;
    terms.settle_us = 1000000;
    return terms;
}

struct thin_terms thin_terms_registers(void)
{
    struct thin_terms terms = thin_terms_default();
    terms.refusal_parts = THIN_PARTS / 4;
    return terms;
}

void thin_init(struct thin *thin, const struct thin_terms *terms)
{
    assert(terms->interval_us >= 1000 && terms->floor_parts > 0);
    memset(thin, 0, sizeof(*thin));
    thin->terms = *terms;
    thin->unproven_parts = thin->proven_parts = THIN_PARTS;
    thin->unchanged = UNCHANGED_MAX;
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
    int64_t seen_from_us = thin->told_until_us + MEAN_OF * thin->terms.interval_us;
    if (is_telling && (now_us < seen_from_us || thin->unchanged < MEAN_OF)) {
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
 * what came in is a known part of the whole, that tells it sooner. Who is told is not counted. */
static bool is_fitting(const struct thin *thin, uint64_t came, uint64_t wanted, int64_t now_us)
{
    uint64_t limit = wanted - wanted / 5;
    uint32_t counted_parts = thin->unproven_parts;
    if (thin_is_telling(thin, now_us) && thin->told_from_parts < counted_parts) {
        counted_parts = thin->told_from_parts;
    }
    return came + thin->lost <= limit ||
           (thin->terms.tell_us > 0 && came * THIN_PARTS / counted_parts <= limit);
}

/* The means go on. What could be done is what was, and as much more as there was time for. */
static void note_means(struct thin *thin, int64_t lasted_us)
{
    int64_t busy_us = lasted_us - thin->idle_us;
    busy_us = busy_us < lasted_us / BUSY_MIN ? lasted_us / BUSY_MIN : busy_us;
    int64_t a_second = (int64_t)thin->admitted * SECOND_US / busy_us;
    int64_t idle_parts = thin->idle_us * THIN_PARTS / lasted_us;
    thin->idle_parts += (idle_parts - thin->idle_parts) / MEAN_OF;
    thin->doable_a_second += (a_second - thin->doable_a_second) / DOABLE_MEAN_OF;
    thin->best_a_second -= thin->best_a_second / BEST_FADES_IN;
    if (thin->doable_a_second > thin->best_a_second) {
        thin->best_a_second = thin->doable_a_second;
    }
}

/* Of what waited too long most is refused, and little admitted, whatever could be: so what can be
 * done in that time is what it was at its best lately. */
static uint64_t capacity(const struct thin *thin, int64_t span_us)
{
    return (uint64_t)(thin->best_a_second * span_us / SECOND_US);
}

static uint64_t refusals_allowed(const struct thin *thin, int64_t span_us)
{
    return capacity(thin, span_us) * thin->terms.refusal_parts / THIN_PARTS +
           (uint64_t)(span_us * thin->terms.refusals_a_second / SECOND_US);
}

/* More than that many fourths of what may be refused. */
static bool is_refusing(const struct thin *thin, const struct thin_span *span, uint64_t fourths)
{
    return span->refused > refusals_allowed(thin, span->us) * fourths / 4;
}

static void span_clear(struct thin_span *span)
{
    memset(span, 0, sizeof(*span));
}

static void span_add(struct thin_span *span, const struct thin_span *more)
{
    span->intervals += more->intervals;
    span->us += more->us;
    span->came += more->came;
    span->refused += more->refused;
}

static void span_add_if(struct thin_span *span, const struct thin_span *more, bool is_added)
{
    if (is_added) {
        span_add(span, more);
    } else {
        span_clear(span);
    }
}

/* What an interval says goes to what was seen before. What is taken out is lost too, so what is
 * lost says something only before anything is. */
static void note_span(struct thin *thin, int64_t lasted_us, bool is_waiting)
{
    struct thin_span now = {.intervals = 1,
                            .us = lasted_us,
                            .came = thin->admitted + thin->refused,
                            .refused = thin->refused};
    struct thin_span all = now;
    all.came += thin->lost;
    span_add_if(&thin->losing, &all, thin->lost > 0 && is_waiting && !thin_is_active(thin));
    span_add_if(&thin->refusing, &now, is_refusing(thin, &now, FAR_FOURTHS));
    if (thin->unchanged <= OLD) {
        return;
    }
    span_add_if(&thin->flooding, &now, is_refusing(thin, &now, FLOOD_FOURTHS));
    span_add(&thin->seen, &now);
}

/* True: it was cut to what can be done. A span that tells no reason for it is done with. */
static bool cut_by(struct thin *thin, struct thin_span *span)
{
    uint64_t wanted = capacity(thin, span->us) + refusals_allowed(thin, span->us);
    bool is_cut = span->came > wanted;
    if (is_cut) {
        cut(thin, wanted, span->came);
        thin->idle_parts = 0;
    }
    span_clear(span);
    return is_cut;
}

/* The first cut is made soon. Then those who were lost before repeat, and are easily taken for more
 * callers: so the next one waits until that has settled, but for a flood, and until what is refused
 * says so still. True: too much comes, cut or not. */
static bool cut_if_due(struct thin *thin)
{
    bool is_losing = thin->losing.intervals >= TOO_MUCH;
    bool is_refusing_now = thin->refusing.intervals > 0;
    if (!thin_is_active(thin)) {
        bool is_cut = is_losing && cut_by(thin, &thin->losing);
        if (!is_cut && thin->refusing.intervals >= TOO_MUCH) {
            (void)cut_by(thin, &thin->refusing);
        }
    } else if (thin->flooding.intervals >= FLOODED) {
        (void)cut_by(thin, &thin->flooding);
    } else if (thin->seen.us >= thin->terms.settle_us) {
        if (is_refusing_now && is_refusing(thin, &thin->seen, FAR_FOURTHS)) {
            (void)cut_by(thin, &thin->seen);
        }
        span_clear(&thin->seen);
    }
    return is_losing || is_refusing_now;
}

static void step(struct thin *thin, int64_t lasted_us, bool is_waiting, int64_t now_us)
{
    thin->unchanged += thin->unchanged < UNCHANGED_MAX ? 1 : 0;
    note_means(thin, lasted_us);
    note_span(thin, lasted_us, is_waiting);
    uint64_t wanted = capacity(thin, lasted_us) + refusals_allowed(thin, lasted_us);
    bool is_fit = thin_is_active(thin) && !is_waiting &&
                  is_fitting(thin, thin->admitted + thin->refused, wanted, now_us);
    thin->fitting = is_fit ? thin->fitting + 1 : 0;
    if (cut_if_due(thin)) {
        return;
    }
    if (thin->fitting >= FITTING) {
        thin->unproven_parts = thin->proven_parts = THIN_PARTS;
    } else if (thin_is_active(thin) && thin->idle_parts > IDLE_PARTS) {
        raise(thin, now_us);
    }
}

/* Nothing that was seen says anything of what comes now. */
static void forget(struct thin *thin)
{
    span_clear(&thin->losing);
    span_clear(&thin->refusing);
    span_clear(&thin->flooding);
    span_clear(&thin->seen);
    thin->fitting = 0;
    thin->unchanged = 0;
}

bool thin_step(struct thin *thin, bool is_waiting, int64_t now_us)
{
    uint32_t unproven_before = thin->unproven_parts;
    uint32_t proven_before = thin->proven_parts;
    int64_t lasted_us = now_us - thin->interval_at_us;
    bool is_first = thin->interval_at_us == 0;
    bool is_long = lasted_us > SECOND_US; /* silence, or the machine stood still */
    if (!is_first && !is_long && lasted_us > 0) {
        step(thin, lasted_us, is_waiting, now_us);
    } else if (is_long && thin->idle_us > lasted_us / 2) {
        thin->unproven_parts = thin->proven_parts = THIN_PARTS;
    }
    tell(thin, unproven_before, now_us);
    thin->admitted = thin->refused = thin->lost = 0;
    thin->idle_us = 0;
    thin->interval_at_us = now_us;
    bool is_changed =
        thin->unproven_parts != unproven_before || thin->proven_parts != proven_before;
    if (is_changed || is_long) {
        forget(thin);
    }
    return is_changed;
}
