#include "calls/reconcile.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_SIZE 6         /* digits that two numbers have in common at least */
#define CANDIDATES_MAX 256u /* looked at for one call */

bool reconcile_calls_add(struct reconcile_calls *list, const struct reconcile_call *call)
{
    if (list->count == list->size) {
        size_t size = list->size == 0 ? 256 : list->size * 2;
        struct reconcile_call *calls =
            size > UINT32_MAX ? NULL : realloc(list->calls, size * sizeof(*calls));
        if (calls == NULL) {
            return false;
        }
        list->calls = calls;
        list->size = size;
    }
    list->calls[list->count++] = *call;
    return true;
}

void reconcile_calls_done(struct reconcile_calls *list)
{
    free(list->calls);
    memset(list, 0, sizeof(*list));
}

bool reconcile_number(struct slice text, char number[RECONCILE_NUMBER_SIZE])
{
    size_t size = 0;
    bool has_plus = slice_starts_with(text, SLICE("+"));
    text = has_plus ? slice_skip(text, 1) : text;
    if (!has_plus && slice_starts_with(text, SLICE("00"))) {
        text = slice_skip(text, 2);
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c >= '0' && c <= '9' && size < RECONCILE_NUMBER_SIZE - 1) {
            number[size++] = c;
        } else if (memchr(" -()./", c, 6) == NULL) {
            return false;
        }
    }
    number[size] = '\0';
    return size > 0;
}

/* ---- order ---- */

struct entry { /* of a list, sorted for one of the two passes */
    const struct reconcile_call *call;
    uint32_t index;
};

static const char *tail_of(const struct reconcile_call *call)
{
    size_t size = strlen(call->number);
    return call->number + (size > TAIL_SIZE ? size - TAIL_SIZE : 0);
}

static int by_call_id(const void *a, const void *b)
{
    const struct entry *one = a, *other = b;
    int order = strcmp(one->call->call_id, other->call->call_id);
    return order != 0 ? order : one->index < other->index ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
    const struct entry *one = a, *other = b;
    int order = strcmp(tail_of(one->call), tail_of(other->call));
    if (order != 0) {
        return order;
    }
    if (one->call->wall_answer_us != other->call->wall_answer_us) {
        return one->call->wall_answer_us < other->call->wall_answer_us ? -1 : 1;
    }
    return one->index < other->index ? -1 : 1;
}

static struct entry *sorted(const struct reconcile_calls *list,
                            int (*order)(const void *a, const void *b))
{
    struct entry *entries = malloc((list->count + 1) * sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < list->count; i++) {
        entries[i] = (struct entry){&list->calls[i], (uint32_t)i};
    }
    if (entries != NULL) {
        qsort(entries, list->count, sizeof(*entries), order);
    }
    return entries;
}

/* ---- matching ---- */

struct matching {
    const struct reconcile_calls *ours, *theirs;
    const struct reconcile_terms *terms;
    struct reconcile_result *out;
    struct candidate *candidates; /* of the numbers with one tail */
    size_t candidate_count, candidate_size;
};

struct candidate {
    int64_t distance_us;
    uint32_t ours, theirs;
};

static int64_t distance(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference) || difference == INT64_MIN) {
        return INT64_MAX;
    }
    return difference < 0 ? -difference : difference;
}

static void pair_up(struct matching *m, uint32_t our_index, uint32_t their_index)
{
    const struct reconcile_call *our = &m->ours->calls[our_index];
    const struct reconcile_call *their = &m->theirs->calls[their_index];
    m->out->is_our_matched[our_index] = true;
    m->out->is_their_matched[their_index] = true;
    m->out->pairs[m->out->pair_count++] = (struct reconcile_pair){
        .ours = our_index,
        .theirs = their_index,
        .is_talk_different = distance(our->talk_us, their->talk_us) > m->terms->talk_slack_us,
        .is_cost_different =
            our->has_cost && their->has_cost &&
            distance(our->cost_micro, their->cost_micro) > m->terms->cost_slack_micro};
}

static bool match_by_call_id(struct matching *m)
{
    struct entry *ours = sorted(m->ours, by_call_id);
    struct entry *theirs = sorted(m->theirs, by_call_id);
    bool is_done = ours != NULL && theirs != NULL;
    for (size_t o = 0, t = 0; is_done && o < m->ours->count && t < m->theirs->count;) {
        int order = strcmp(ours[o].call->call_id, theirs[t].call->call_id);
        if (order == 0 && ours[o].call->call_id[0] != '\0') {
            pair_up(m, ours[o].index, theirs[t].index);
        }
        o += order <= 0;
        t += order >= 0;
    }
    free(ours);
    free(theirs);
    return is_done;
}

static bool is_same_number(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > b_size) {
        return is_same_number(b, a);
    }
    return strcmp(a, b + (b_size - a_size)) == 0 && (a_size >= TAIL_SIZE || a_size == b_size);
}

static bool candidate_add(struct matching *m, const struct entry *our, const struct entry *their)
{
    if (m->candidate_count == m->candidate_size) {
        size_t size = m->candidate_size == 0 ? 64 : m->candidate_size * 2;
        struct candidate *candidates = realloc(m->candidates, size * sizeof(*candidates));
        if (candidates == NULL) {
            return false;
        }
        m->candidates = candidates;
        m->candidate_size = size;
    }
    int64_t apart_us = distance(our->call->wall_answer_us, their->call->wall_answer_us);
    int64_t talk_us = distance(our->call->talk_us, their->call->talk_us);
    m->candidates[m->candidate_count++] =
        (struct candidate){money_add_clamped(apart_us, talk_us), our->index, their->index};
    return true;
}

static int by_distance(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    if (one->distance_us != other->distance_us) {
        return one->distance_us < other->distance_us ? -1 : 1;
    }
    if (one->theirs != other->theirs) {
        return one->theirs < other->theirs ? -1 : 1;
    }
    return one->ours < other->ours ? -1 : one->ours > other->ours ? 1 : 0;
}

/* Entries whose numbers have the same tail, both in the order of time: the nearest first. */
static bool match_group(struct matching *m, const struct entry *ours, size_t our_count,
                        const struct entry *theirs, size_t their_count)
{
    size_t first = 0;
    m->candidate_count = 0;
    for (size_t t = 0; t < their_count; t++) {
        int64_t at_us = theirs[t].call->wall_answer_us;
        int64_t from_us = money_add_clamped(at_us, -m->terms->window_us);
        int64_t to_us = money_add_clamped(at_us, m->terms->window_us);
        while (first < our_count && ours[first].call->wall_answer_us < from_us) {
            first++;
        }
        if (m->out->is_their_matched[theirs[t].index]) {
            continue;
        }
        for (size_t o = first;
             o < our_count && o < first + CANDIDATES_MAX && ours[o].call->wall_answer_us <= to_us;
             o++) {
            if (!m->out->is_our_matched[ours[o].index] &&
                is_same_number(ours[o].call->number, theirs[t].call->number) &&
                !candidate_add(m, &ours[o], &theirs[t])) {
                return false;
            }
        }
    }
    if (m->candidate_count > 1) {
        qsort(m->candidates, m->candidate_count, sizeof(m->candidates[0]), by_distance);
    }
    for (size_t i = 0; i < m->candidate_count; i++) {
        const struct candidate *candidate = &m->candidates[i];
        if (!m->out->is_our_matched[candidate->ours] &&
            !m->out->is_their_matched[candidate->theirs]) {
            pair_up(m, candidate->ours, candidate->theirs);
        }
    }
    return true;
}

static size_t group_end(const struct entry *entries, size_t count, size_t from)
{
    size_t end = from;
    while (end < count && strcmp(tail_of(entries[end].call), tail_of(entries[from].call)) == 0) {
        end++;
    }
    return end;
}

static bool match_by_number(struct matching *m)
{
    struct entry *ours = sorted(m->ours, by_number);
    struct entry *theirs = sorted(m->theirs, by_number);
    bool is_done = ours != NULL && theirs != NULL;
    for (size_t o = 0, t = 0; is_done && o < m->ours->count && t < m->theirs->count;) {
        int order = strcmp(tail_of(ours[o].call), tail_of(theirs[t].call));
        size_t our_end = order <= 0 ? group_end(ours, m->ours->count, o) : o;
        size_t their_end = order >= 0 ? group_end(theirs, m->theirs->count, t) : t;
        if (order == 0) {
            is_done = match_group(m, ours + o, our_end - o, theirs + t, their_end - t);
        }
        o = our_end;
        t = their_end;
    }
    free(ours);
    free(theirs);
    return is_done;
}

static int by_theirs(const void *a, const void *b)
{
    const struct reconcile_pair *one = a, *other = b;
    return one->theirs < other->theirs ? -1 : one->theirs > other->theirs ? 1 : 0;
}

bool reconcile_match(const struct reconcile_calls *ours, const struct reconcile_calls *theirs,
                     const struct reconcile_terms *terms, struct reconcile_result *out)
{
    struct matching m = {.ours = ours, .theirs = theirs, .terms = terms, .out = out};
    memset(out, 0, sizeof(*out));
    out->pairs = malloc((theirs->count + 1) * sizeof(out->pairs[0]));
    out->is_our_matched = calloc(ours->count + 1, sizeof(bool));
    out->is_their_matched = calloc(theirs->count + 1, sizeof(bool));
    bool is_done = out->pairs != NULL && out->is_our_matched != NULL &&
                   out->is_their_matched != NULL && match_by_call_id(&m) && match_by_number(&m);
    free(m.candidates);
    if (!is_done) {
        reconcile_done(out);
        return false;
    }
    qsort(out->pairs, out->pair_count, sizeof(out->pairs[0]), by_theirs);
    return true;
}

void reconcile_done(struct reconcile_result *result)
{
    free(result->pairs);
    free(result->is_our_matched);
    free(result->is_their_matched);
    memset(result, 0, sizeof(*result));
}
