/* decks.c - decks in and out as CSV; a bad row refuses the whole deck and is named by its line. */
#include "api/decks.h"

#include "api/handlers.h"
#include "api/zone_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_TRIES 3
#define CSV_LINE_MAX 256 /* bytes a row takes at most, but for its description */

json_t *deck_write(const struct deck_row *row)
{
    return json_pack(
        "{s:I,s:s,s:I,s:i,s:s,s:s,s:s,s:s,s:i,s:I,s:s,s:I}", "id", (json_int_t)row->id, "name",
        row->name, "version", (json_int_t)row->version, "deck_version", (int)row->deck_version,
        "currency", row->currency, "rounding", money_rounding_name(row->rounding), "prices_of",
        deck_kind_name((enum deck_kind)row->kind), "time_zone", row->time_zone, "prefix_count",
        (int)row->prefix_count, "object_size", (json_int_t)row->object_size, "object_hash",
        row->object_hash, "wall_imported_us", (json_int_t)row->wall_imported_us);
}

void decks_list(struct api_call *call)
{
    int max = 0;
    uint64_t after = 0;
    int count = 0;
    if (!api_argument_max(call, &max) || !api_argument_u64(call, "cursor", INT64_MAX, &after)) {
        return;
    }
    struct deck_row *rows = calloc((size_t)max, sizeof(*rows));
    struct store *store = api_store(call);
    if (rows != NULL && store != NULL &&
        api_store_ok(call, config_page_deck(store, after, rows, max, &count), "deck")) {
        json_t *items = json_array();
        for (int i = 0; i < count; i++) {
            json_array_append_new(items, deck_write(&rows[i]));
        }
        char next[24];
        snprintf(next, sizeof(next), "%llu",
                 count == 0 ? 0 : (unsigned long long)rows[count - 1].id);
        api_json(call, 200,
                 json_pack("{s:o,s:o}", "items", items, "next",
                           count == max ? json_string(next) : json_null()));
    }
    free(rows);
}

void decks_read(struct api_call *call)
{
    struct deck_row row;
    if (api_find_deck(call, call->param, &row)) {
        api_json(call, 200, deck_write(&row));
    }
}

/* ---- out ---- */

static bool write_csv(const uint8_t *object, size_t object_size, char **text, size_t *text_size)
{
    struct deck *deck = deck_open(object, object_size);
    if (deck == NULL) {
        return false;
    }
    /* Room for the rows; tried again with twice as much where descriptions are long. */
    bool is_written = false;
    size_t size_max = object_size * 2 + (size_t)deck_prefix_count(deck) * 64 + CSV_LINE_MAX;
    for (int i = 0; i < 6 && !is_written; i++, size_max *= 2) {
        char *block = malloc(size_max);
        if (block == NULL) {
            break;
        }
        struct buf buf;
        buf_init(&buf, block, size_max);
        is_written = deck_write_csv(deck, &buf);
        if (is_written) {
            *text = block;
            *text_size = buf.size;
        } else {
            free(block);
        }
    }
    deck_close(deck);
    return is_written;
}

void decks_csv(struct api_call *call)
{
    struct deck_row row;
    uint8_t *object = NULL;
    size_t object_size = 0;
    uint64_t version = 0;
    if (!api_find_deck(call, call->param, &row)) {
        return;
    }
    version = row.deck_version;
    if (!api_argument_u64(call, "version", UINT32_MAX, &version) ||
        !api_store_ok(call,
                      config_read_deck_version(api_store(call), row.id, (uint32_t)version, &object,
                                               &object_size),
                      "deck version")) {
        return;
    }
    struct api_response *response = call->response;
    if (write_csv(object, object_size, &response->body, &response->body_size)) {
        response->status = 200;
        response->content_type = "text/csv; charset=utf-8";
        api_header(call, "Content-Disposition", "attachment; filename=\"%s.csv\"", row.name);
    } else {
        api_problem(call, PROBLEM_INTERNAL, "The deck cannot be written as CSV.");
    }
    free(object);
}

/* ---- in ---- */

struct import {
    char name[ACCOUNT_NAME_SIZE];
    bool is_dry; /* only reported */
    struct deck_terms terms;
    struct zone zone;
    struct deck_build *build;
};

static bool is_capitals(const char *text)
{
    return text != NULL && strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool is_deck_name(const char *name)
{
    static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return name != NULL && strspn(name, more) == strlen(name) && strspn(name, "0123456789") == 0 &&
           strlen(name) < ACCOUNT_NAME_SIZE;
}

/* The terms of the version in force hold for the next one unless it says otherwise. */
static bool take_over(struct api_call *call, struct import *import, struct deck_row *old,
                      bool *is_new)
{
    struct store *store = api_store(call);
    uint32_t id = 0;
    uint32_t version = 0;
    if (store == NULL ||
        !api_store_ok(call, config_deck_next(store, import->name, &id, &version), "a deck")) {
        return false;
    }
    *is_new = version == 1;
    if (*is_new) {
        memcpy(import->terms.currency, "EUR", 4);
        snprintf(import->zone.name, sizeof(import->zone.name), "UTC");
        return true;
    }
    if (!api_store_ok(call, config_get_deck(store, id, old), "a deck")) {
        return false;
    }
    memcpy(import->terms.currency, old->currency, sizeof(import->terms.currency));
    import->terms.rounding = (enum money_rounding)old->rounding;
    import->terms.kind = (enum deck_kind)old->kind;
    snprintf(import->zone.name, sizeof(import->zone.name), "%s", old->time_zone);
    return true;
}

static bool read_zone(struct api_call *call, struct import *import)
{
    const char *name = api_argument(call, "time_zone");
    name = name == NULL ? import->zone.name : name;
    if (strcmp(name, "UTC") == 0) {
        snprintf(import->zone.name, sizeof(import->zone.name), "UTC");
        return true;
    }
    if (!zone_is_name(name) || !zone_file_read(name, &import->zone)) {
        api_problem_field(call, "time_zone",
                          "\"time_zone\" is a name such as Europe/Berlin, and this one is not "
                          "known here.");
        return false;
    }
    import->terms.zone = &import->zone;
    return true;
}

/* Accounts use a deck by its name: a version in another currency would refuse all their calls. */
static bool is_kept(struct api_call *call, const struct import *import, const struct deck_row *old)
{
    if (strcmp(old->currency, import->terms.currency) != 0) {
        api_problem_field(call, "currency",
                          "Deck %s is in %s, and so are its new versions. Give prices in %s "
                          "another name.",
                          old->name, old->currency, import->terms.currency);
        return false;
    }
    if (old->kind != import->terms.kind) {
        api_problem_field(call, "prices_of",
                          "Deck %s has prices of %s, and so have its new versions. Give these "
                          "another name.",
                          old->name, deck_kind_name((enum deck_kind)old->kind));
        return false;
    }
    return true;
}

static bool read_arguments(struct api_call *call, struct import *import)
{
    const char *currency = api_argument(call, "currency");
    const char *rounding = api_argument(call, "rounding");
    const char *kind = api_argument(call, "prices_of");
    const char *dry = api_argument(call, "dry_run");
    if (currency != NULL && !is_capitals(currency)) {
        api_problem_field(call, "currency", "\"currency\" is three capital letters, such as EUR.");
        return false;
    }
    if (currency != NULL) {
        memcpy(import->terms.currency, currency, 4);
    }
    if (rounding != NULL &&
        !money_rounding_parse(slice_from_text(rounding), &import->terms.rounding)) {
        api_problem_field(call, "rounding", "\"rounding\" is half-up, half-even or up.");
        return false;
    }
    if (kind != NULL && !deck_kind_parse(slice_from_text(kind), &import->terms.kind)) {
        api_problem_field(call, "prices_of", "\"prices_of\" is calls or messages.");
        return false;
    }
    if (dry != NULL && strcmp(dry, "true") != 0 && strcmp(dry, "false") != 0) {
        api_problem_field(call, "dry_run", "\"dry_run\" is true or false.");
        return false;
    }
    import->is_dry = dry != NULL && strcmp(dry, "true") == 0;
    return read_zone(call, import);
}

static bool read_terms(struct api_call *call, struct import *import)
{
    const char *name = api_argument(call, "name");
    const char *type = call->request->header(call->request->from, "Content-Type");
    struct deck_row old;
    bool is_new = false;
    if (type == NULL || !slice_starts_with_nocase(slice_from_text(type), SLICE("text/csv"))) {
        api_problem(call, PROBLEM_BAD_MEDIA, "Send the deck as text/csv.");
        return false;
    }
    if (!is_deck_name(name)) {
        api_problem_field(call, "name",
                          "\"name\" is the deck's: a letter, then letters, digits, '-', "
                          "'_' or '.'.");
        return false;
    }
    snprintf(import->name, sizeof(import->name), "%s", name);
    return take_over(call, import, &old, &is_new) && read_arguments(call, import) &&
           (is_new || is_kept(call, import, &old));
}

static void answer_problems(struct api_call *call, const struct deck_build *build)
{
    json_t *list = json_array();
    uint32_t count =
        build->problem_count < DECK_PROBLEMS_MAX ? build->problem_count : DECK_PROBLEMS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const char *text = build->problems[i].text;
        json_t *shown = json_string(text);
        json_array_append_new(list,
                              json_pack("{s:i,s:o}", "line", (int)build->problems[i].line, "text",
                                        shown == NULL ? json_string("not UTF-8") : shown));
    }
    api_problem_with(
        call, PROBLEM_BAD_DECK,
        json_pack("{s:o,s:i}", "problems", list, "problem_count", (int)build->problem_count),
        "%u row%s cannot be used; nothing was imported.", build->problem_count,
        build->problem_count == 1 ? "" : "s");
}

/* Compiles under the number that the import will get, and puts it unless it is a dry run. CONFLICT:
 * another import came between. */
static enum store_result put_deck(struct api_call *call, struct store *store, struct import *import,
                                  struct deck_row *row, bool *is_bad)
{
    enum store_result result =
        config_deck_next(store, import->name, &import->terms.id, &import->terms.version);
    if (result != STORE_OK) {
        return result;
    }
    if (!deck_compile(call->request->body, &import->terms, import->build)) {
        *is_bad = true;
        return STORE_REFUSED;
    }
    *row = (struct deck_row){.id = import->terms.id,
                             .deck_version = import->terms.version,
                             .rounding = (uint8_t)import->terms.rounding,
                             .kind = (uint8_t)import->terms.kind,
                             .prefix_count = import->build->prefix_count,
                             .object_size = import->build->object_size};
    snprintf(row->name, sizeof(row->name), "%s", import->name);
    snprintf(row->time_zone, sizeof(row->time_zone), "%s", import->zone.name);
    memcpy(row->currency, import->terms.currency, sizeof(row->currency));
    if (import->is_dry) {
        return STORE_OK;
    }
    return config_put_deck(store, row, import->build->object, call->principal.name);
}

static void import_deck(struct api_call *call, struct import *import)
{
    struct store *store = api_store(call);
    if (store == NULL) {
        return;
    }
    struct deck_row row = {0};
    bool is_bad = false;
    enum store_result result = STORE_CONFLICT;
    for (int i = 0; i < IMPORT_TRIES && result == STORE_CONFLICT; i++) {
        deck_build_done(import->build);
        *import->build = (struct deck_build){0};
        result = put_deck(call, store, import, &row, &is_bad);
    }
    if (is_bad) {
        answer_problems(call, import->build);
        return;
    }
    if (!api_store_ok(call, result, "a deck")) {
        return;
    }
    if (import->is_dry) {
        deck_report_new(call, &row, import->build);
        return;
    }
    api_log(call->api, json_pack("{s:s,s:s,s:i,s:i,s:s}", "event", "deck.imported", "name",
                                 row.name, "deck_version", (int)row.deck_version, "prefix_count",
                                 (int)row.prefix_count, "actor", call->principal.name));
    api_json(call, 201, deck_write(&row));
}

void decks_import(struct api_call *call)
{
    struct import *import = calloc(1, sizeof(*import));
    struct deck_build *build = calloc(1, sizeof(*build));
    if (import == NULL || build == NULL) {
        api_problem(call, PROBLEM_INTERNAL, "There is not enough memory.");
    } else {
        import->build = build;
        if (read_terms(call, import)) {
            import_deck(call, import);
        }
        deck_build_done(build);
    }
    free(build);
    free(import);
}
