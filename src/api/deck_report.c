/* deck_report.c - what changes from one version of a deck to another, before it is live or after.
 */
#include "api/decks.h"
#include "api/fields.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "rating/deck_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_US (INT64_C(7) * 86400 * 1000000)
#define CDR_PAGE 500
#define TRAFFIC_TIME_MAX_US (INT64_C(5) * 1000000) /* reading records: then it is a part */
#define LATER_MAX 8                                /* further dates that are reported */

struct version { /* one of the two; deck NULL: none */
    uint32_t number;
    uint8_t *object; /* malloc'd, or NULL: somebody else's */
    struct deck *deck;
};

static void version_done(struct version *version)
{
    deck_close(version->deck);
    free(version->object);
}

/* False: answered. */
static bool version_read(struct api_call *call, uint64_t id, uint32_t number, struct version *out)
{
    size_t size = 0;
    struct store *store = api_store(call);
    if (store == NULL ||
        !api_store_ok(call, config_read_deck_version(store, id, number, &out->object, &size),
                      "deck version")) {
        return false;
    }
    out->number = number;
    out->deck = deck_open(out->object, size);
    if (out->deck == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "Version %u of the deck cannot be opened.", number);
        return false;
    }
    return true;
}

/* ---- the changes ---- */

struct changes {
    json_t *list;
    size_t max;
    bool is_cut;
    const struct deck_diff *diff;
};

static json_t *write_rate(const struct rate *rate, bool is_there)
{
    return is_there ? api_price(rate) : json_null();
}

static void tell(void *ctx, const struct deck_difference *difference)
{
    struct changes *changes = ctx;
    if (json_array_size(changes->list) >= changes->max) {
        changes->is_cut = true;
        return;
    }
    const struct deck *from = difference->has_after ? changes->diff->after : changes->diff->before;
    struct slice text = deck_description(from, difference->digits, changes->diff->wall_s);
    json_t *shown = json_stringn(text.data == NULL ? "" : text.data, text.size);
    json_array_append_new(
        changes->list,
        json_pack("{s:s%,s:o,s:s,s:o,s:o}", "prefix", difference->digits.data,
                  difference->digits.size, "description", shown == NULL ? json_string("") : shown,
                  "change", deck_change_name(difference->change), "before",
                  write_rate(&difference->before, difference->has_before), "after",
                  write_rate(&difference->after, difference->has_after)));
}

static json_t *write_counts(const struct deck_diff *diff)
{
    json_t *object = json_object();
    for (int i = 0; i < DECK_CHANGE_COUNT; i++) {
        json_object_set_new(object, deck_change_name((enum deck_change)i),
                            json_integer(diff->counts[i]));
    }
    return object;
}

/* The counts at each effective date that is still to come. */
static json_t *write_later(const struct deck_diff *diff)
{
    json_t *list = json_array();
    int64_t wall_s = diff->wall_s;
    for (int i = 0; i < LATER_MAX; i++) {
        int64_t next_s = deck_next_date(diff->after, wall_s);
        int64_t other_s = diff->before == NULL ? INT64_MAX : deck_next_date(diff->before, wall_s);
        wall_s = next_s < other_s ? next_s : other_s;
        if (wall_s == INT64_MAX) {
            break;
        }
        struct deck_diff later = {.before = diff->before, .after = diff->after, .wall_s = wall_s};
        deck_compare(&later);
        json_array_append_new(list,
                              json_pack("{s:I,s:o}", "wall_us", (json_int_t)(wall_s * 1000000),
                                        "counts", write_counts(&later)));
    }
    return list;
}

/* ---- the traffic of the last days ---- */

struct traffic {
    const struct deck *before, *after;
    uint32_t deck_id;
    int64_t wall_s; /* the date that both are asked for */
    int64_t call_count, unpriced_count;
    int64_t talk_us;
    int64_t before_micro, after_micro;
    int64_t wall_read_us; /* records back to here were read */
    bool is_partial;
};

/* Only records that this deck priced, as a price or as a cost. */
static void add_usage(struct traffic *traffic, const struct usage *usage)
{
    bool is_sold = usage->rate.deck_id == traffic->deck_id;
    bool is_bought = usage->has_cost && usage->cost_rate.deck_id == traffic->deck_id;
    if ((!is_sold && !is_bought) || (usage->flags & USAGE_ANSWERED) == 0) {
        return;
    }
    const struct rate *rate = is_sold ? &usage->rate : &usage->cost_rate;
    int64_t call_s = rate->at_s != 0 ? rate->at_s : usage->wall_start_us / 1000000;
    struct slice digits = slice_from_text(usage->callee);
    int64_t before_micro = 0;
    int64_t after_micro = 0;
    traffic->call_count += usage->part == 0 ? 1 : 0;
    traffic->talk_us += usage->talk_to_us - usage->talk_from_us;
    if (traffic->before != NULL &&
        deck_price_again(traffic->before, digits, traffic->wall_s, call_s, usage->talk_from_us,
                         usage->talk_to_us, &before_micro)) {
        traffic->before_micro = money_add_clamped(traffic->before_micro, before_micro);
    }
    if (deck_price_again(traffic->after, digits, traffic->wall_s, call_s, usage->talk_from_us,
                         usage->talk_to_us, &after_micro)) {
        traffic->after_micro = money_add_clamped(traffic->after_micro, after_micro);
    } else {
        traffic->unpriced_count += usage->part == 0 ? 1 : 0;
    }
}

/* Newest first, page by page, so that no writer waits. False: answered. */
static bool read_traffic(struct api_call *call, struct traffic *traffic)
{
    struct store *store = api_store(call);
    struct cdr_row *rows = calloc(CDR_PAGE, sizeof(*rows));
    struct cdr_filter filter = {.wall_from_us = call->wall_us - WEEK_US};
    bool is_ok = store != NULL && rows != NULL;
    int count = CDR_PAGE;
    traffic->wall_read_us = filter.wall_from_us;
    while (is_ok && count == CDR_PAGE) {
        if (clock_mono_us() - call->now_us > TRAFFIC_TIME_MAX_US) {
            traffic->is_partial = true;
            traffic->wall_read_us = rows[CDR_PAGE - 1].usage.wall_end_us;
            break;
        }
        is_ok = api_store_ok(call, cdr_page(store, &filter, rows, CDR_PAGE, &count), "call record");
        for (int i = 0; is_ok && i < count; i++) {
            add_usage(traffic, &rows[i].usage);
            filter.before = rows[i].row;
        }
    }
    free(rows);
    return is_ok;
}

static json_t *write_traffic(const struct traffic *traffic)
{
    return json_pack("{s:I,s:b,s:I,s:I,s:o,s:o,s:o,s:I}", "wall_from_us",
                     (json_int_t)traffic->wall_read_us, "is_partial", traffic->is_partial, "calls",
                     (json_int_t)traffic->call_count, "talk_us", (json_int_t)traffic->talk_us,
                     "before", api_money(traffic->before_micro), "after",
                     api_money(traffic->after_micro), "difference",
                     api_money(traffic->after_micro - traffic->before_micro), "unpriced",
                     (json_int_t)traffic->unpriced_count);
}

/* ---- the report ---- */

static void answer_report(struct api_call *call, const struct deck_row *row,
                          const struct version *before, const struct version *after)
{
    int64_t at_us = call->wall_us;
    int max = 0;
    if (!api_argument_time(call, "at", &at_us) || !api_argument_max(call, &max)) {
        return;
    }
    struct changes changes = {.list = json_array(), .max = (size_t)max};
    struct deck_diff diff = {.before = before->deck,
                             .after = after->deck,
                             .wall_s = at_us / 1000000,
                             .tell = tell,
                             .ctx = &changes};
    changes.diff = &diff;
    deck_compare(&diff);
    struct traffic traffic = {.before = before->deck,
                              .after = after->deck,
                              .deck_id = (uint32_t)row->id,
                              .wall_s = diff.wall_s};
    if (!read_traffic(call, &traffic)) {
        json_decref(changes.list);
        return;
    }
    api_json(call, 200,
             json_pack("{s:s,s:s,s:o,s:i,s:I,s:o,s:o,s:b,s:o,s:o}", "name", row->name, "currency",
                       row->currency, "from",
                       before->deck == NULL ? json_null() : json_integer(before->number), "to",
                       (int)after->number, "wall_at_us", (json_int_t)at_us, "counts",
                       write_counts(&diff), "changes", changes.list, "is_cut", changes.is_cut,
                       "later", write_later(&diff), "traffic", write_traffic(&traffic)));
}

void deck_report_new(struct api_call *call, const struct deck_row *row,
                     const struct deck_build *build)
{
    struct version before = {0};
    struct version after = {.number = row->deck_version,
                            .deck = deck_open(build->object, build->object_size)};
    struct deck_row live = {0};
    struct store *store = api_store(call);
    bool is_ok = store != NULL && after.deck != NULL;
    if (is_ok && row->deck_version > 1) {
        is_ok = api_store_ok(call, config_get_deck(store, row->id, &live), "a deck") &&
                version_read(call, row->id, live.deck_version, &before);
    }
    if (is_ok) {
        answer_report(call, row, &before, &after);
    }
    version_done(&before);
    version_done(&after);
}

/* The version before `number`; 0: there is none. False: answered. */
static bool find_before(struct api_call *call, uint64_t id, uint32_t number, uint32_t *out)
{
    struct deck_row row;
    int count = 0;
    struct store *store = api_store(call);
    if (store == NULL ||
        !api_store_ok(call, config_page_deck_version(store, id, number, &row, 1, &count),
                      "deck version")) {
        return false;
    }
    *out = count == 0 ? 0 : row.deck_version;
    return true;
}

void decks_diff(struct api_call *call)
{
    struct deck_row row;
    uint64_t to = 0;
    uint64_t from = 0;
    uint32_t number = 0;
    if (!api_find_deck(call, call->param, &row) || !api_argument_u64(call, "to", UINT32_MAX, &to)) {
        return;
    }
    to = to == 0 ? row.deck_version : to;
    if (!find_before(call, row.id, (uint32_t)to, &number)) {
        return;
    }
    from = number;
    if (!api_argument_u64(call, "from", UINT32_MAX, &from)) {
        return;
    }
    struct version before = {0};
    struct version after = {0};
    if ((from == 0 || version_read(call, row.id, (uint32_t)from, &before)) &&
        version_read(call, row.id, (uint32_t)to, &after)) {
        answer_report(call, &row, &before, &after);
    }
    version_done(&before);
    version_done(&after);
}

void decks_versions(struct api_call *call)
{
    struct deck_row row;
    uint64_t before = 0;
    int max = 0;
    int count = 0;
    if (!api_find_deck(call, call->param, &row) || !api_argument_max(call, &max) ||
        !api_argument_u64(call, "cursor", UINT32_MAX, &before)) {
        return;
    }
    struct deck_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call,
                     config_page_deck_version(store, row.id, (uint32_t)before, rows, max, &count),
                     "deck version")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_t *item = deck_write(&rows[i]);
            json_object_set_new(item, "is_live",
                                json_boolean(rows[i].deck_version == row.deck_version));
            json_array_append_new(items, item);
        }
        char next[24];
        snprintf(next, sizeof(next), "%u", count == 0 ? 0 : rows[count - 1].deck_version);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

/* The version before the one in force, or any that is named: in force again, by one change. */
void decks_rollback(struct api_call *call)
{
    struct deck_row row;
    uint64_t version = 0;
    uint32_t before = 0;
    struct store *store = api_store(call);
    if (store == NULL || !api_find_deck(call, call->param, &row) ||
        !api_argument_u64(call, "version", UINT32_MAX, &version) ||
        !find_before(call, row.id, row.deck_version, &before)) {
        return;
    }
    version = version == 0 ? before : version;
    if (version == 0) {
        api_problem(call, PROBLEM_REFUSED, "Deck %s has no version before this one.", row.name);
        return;
    }
    struct deck_row used;
    if (!api_store_ok(
            call,
            config_use_deck_version(store, row.id, (uint32_t)version, call->principal.name, &used),
            "deck version")) {
        return;
    }
    api_log(call->api, json_pack("{s:s,s:s,s:i,s:i,s:s}", "event", "deck.rolled_back", "name",
                                 used.name, "deck_version", (int)used.deck_version, "from_version",
                                 (int)row.deck_version, "actor", call->principal.name));
    api_json(call, 200, deck_write(&used));
}
