/* answer.c - JSON answers and problems (RFC 9457). */
#include "api/call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int status;
    const char *code;
    const char *title;
} problems[] = {
    [PROBLEM_BAD_REQUEST] = {400, "bad-request", "The request cannot be understood"},
    [PROBLEM_BAD_JSON] = {400, "bad-json", "The body is not the JSON that is expected"},
    [PROBLEM_NO_IDEMPOTENCY_KEY] = {400, "idempotency-key-missing",
                                    "A request that moves money needs an idempotency key"},
    [PROBLEM_UNAUTHORIZED] = {401, "unauthorized", "Who asks is not known"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", "This key may not do that"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such thing"},
    [PROBLEM_METHOD] = {405, "method-not-allowed", "This path does not take that method"},
    [PROBLEM_EXISTS] = {409, "exists", "There is one with that name"},
    [PROBLEM_CONFLICT] = {409, "conflict", "It is in use"},
    [PROBLEM_KEY_REUSED] = {409, "idempotency-key-reused",
                            "The idempotency key was used with another request"},
    [PROBLEM_CHANGED] = {412, "changed", "It was changed since it was read"},
    [PROBLEM_BAD_MEDIA] = {415, "bad-media-type", "The body has the wrong type"},
    [PROBLEM_BAD_FIELD] = {422, "bad-field", "A value cannot be used"},
    [PROBLEM_BAD_DECK] = {422, "bad-deck", "The deck has rows that cannot be used"},
    [PROBLEM_REFUSED] = {422, "refused", "A rule forbids it"},
    [PROBLEM_TOO_MANY] = {429, "too-many", "Too many requests"},
    [PROBLEM_INTERNAL] = {500, "internal", "The server failed"},
    [PROBLEM_BUSY] = {503, "busy", "A limit of this server is reached"},
    [PROBLEM_UNKNOWN] = {503, "unknown", "It is not known now"},
};

void api_header(struct api_call *call, const char *name, const char *format, ...)
{
    struct api_response *response = call->response;
    if (response->header_count == API_HEADERS_MAX) {
        return;
    }
    struct api_header *header = &response->headers[response->header_count];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(header->value, sizeof(header->value), format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < sizeof(header->value)) {
        header->name = name;
        response->header_count++;
    }
}

void api_forget_headers(struct api_call *call)
{
    call->response->header_count = call->base_header_count;
}

static void put_body(struct api_call *call, int status, const char *type, json_t *body)
{
    struct api_response *response = call->response;
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!response->is_constant) {
        free(response->body);
    }
    response->is_constant = false;
    response->status = text == NULL ? 500 : status;
    response->content_type = type;
    response->body = text;
    response->body_size = text == NULL ? 0 : strlen(text);
}

void api_json(struct api_call *call, int status, json_t *body)
{
    put_body(call, status, "application/json", body);
}

static void put_problem(struct api_call *call, enum problem problem, json_t *members,
                        const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void put_problem(struct api_call *call, enum problem problem, json_t *members,
                        const char *format, va_list args)
{
    char detail[512];
    int size = vsnprintf(detail, sizeof(detail), format, args);
    json_t *text = size < 0 ? NULL : json_string(detail); /* NULL: cut within a character */
    char type[64];
    snprintf(type, sizeof(type), "urn:dialtone:problem:%s", problems[problem].code);
    json_t *body =
        json_pack("{s:s,s:s,s:i,s:s,s:o}", "type", type, "title", problems[problem].title, "status",
                  problems[problem].status, "code", problems[problem].code, "detail",
                  text == NULL ? json_string(problems[problem].title) : text);
    if (members != NULL) {
        (void)json_object_update(body, members);
        json_decref(members);
    }
    put_body(call, problems[problem].status, "application/problem+json", body);
    if (problem == PROBLEM_UNKNOWN || problem == PROBLEM_BUSY) {
        api_header(call, "Retry-After", "2");
    }
    if (problem == PROBLEM_UNAUTHORIZED) {
        api_header(call, "WWW-Authenticate", "Bearer realm=\"dialtone\"");
    }
}

void api_problem(struct api_call *call, enum problem problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_problem(call, problem, NULL, format, args);
    va_end(args);
}

void api_problem_field(struct api_call *call, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_problem(call, PROBLEM_BAD_FIELD, json_pack("{s:s}", "field", field), format, args);
    va_end(args);
}

void api_problem_with(struct api_call *call, enum problem problem, json_t *members,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_problem(call, problem, members, format, args);
    va_end(args);
}

void api_store_unknown(struct api_call *call, const char *why)
{
    api_problem_with(
        call, PROBLEM_UNKNOWN, json_pack("{s:s}", "where", "store"),
        "The database gives no clear answer now (%s). That is not a \"no\": try again.", why);
}

json_t *api_money(int64_t micro)
{
    char text[MONEY_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    money_write(&buf, micro);
    return json_stringn(text, buf.size);
}

json_t *api_rate(int64_t nano)
{
    char text[MONEY_TEXT_SIZE];
    struct buf buf;
    buf_init(&buf, text, sizeof(text));
    money_write_nano(&buf, nano);
    return json_stringn(text, buf.size);
}

json_t *api_u64(uint64_t value)
{
    return json_integer((json_int_t)value);
}

json_t *api_key16(uint64_t key)
{
    char text[17];
    snprintf(text, sizeof(text), "%016" PRIx64, key);
    return json_string(text);
}

json_t *api_price(const struct rate *rate)
{
    json_t *steps = json_array();
    for (int i = 0; i < rate->step_count; i++) {
        json_array_append_new(steps, json_pack("{s:I,s:o}", "from_second",
                                               (json_int_t)rate->step_from_s[i], "per_minute",
                                               api_rate(rate->step_nano[i])));
    }
    return json_pack("{s:o,s:o,s:i,s:i,s:o,s:i,s:o,s:I,s:i,s:s,s:s,s:o}", "per_minute",
                     api_rate(rate->nano_per_min), "connection_fee", api_money(rate->fee_micro),
                     "first_increment", rate->first_s, "next_increment", rate->next_s,
                     "minimum_charge", api_money(rate->minimum_micro), "free_seconds", rate->free_s,
                     "steps", steps, "deck", (json_int_t)rate->deck_id, "deck_version",
                     (int)rate->deck_version, "prefix", rate->prefix, "currency", rate->currency,
                     "wall_rated_us",
                     rate->at_s == 0 ? json_null() : json_integer(rate->at_s * 1000000));
}
