/* live_bans.c - sources that the edge hears no more: listed, put, lifted. The edge keeps them. */
#include "api/handlers.h"

#include "api/fields.h"

#include <string.h>

#define SOURCE_MAX 63
#define REASON_MAX 63
#define FOR_DEFAULT_S 3600
#define FOR_MAX_S (366 * 86400)

void bans_list(struct api_call *call)
{
    json_t *answer = api_ask_for(call, API_PEER_EDGE, "bans", NULL, "bans");
    if (answer == NULL) {
        return;
    }
    json_t *items = json_object_get(answer, "bans");
    api_json(call, 200,
             json_pack("{s:O,s:b,s:I}", "items", items, "is_on",
                       json_is_true(json_object_get(answer, "is_on")), "as_of_wall_us",
                       json_integer_value(json_object_get(answer, "as_of_wall_us"))));
    json_decref(answer);
}

/* False: the problem is answered. */
static bool read_length(struct api_call *call, const json_t *body, json_int_t *for_s)
{
    const json_t *value = json_object_get(body, "for_s");
    *for_s = value == NULL ? FOR_DEFAULT_S : json_integer_value(value);
    if ((value != NULL && !json_is_integer(value)) || *for_s < 1 || *for_s > FOR_MAX_S) {
        api_problem_field(call, "for_s", "for_s is a number of seconds, up to %d.", FOR_MAX_S);
        return false;
    }
    return true;
}

void bans_put(struct api_call *call)
{
    static const char *const known[] = {"source", "for_s", "reason", NULL};
    json_int_t for_s = 0;
    char reason[REASON_MAX + 1];
    json_t *body = api_body(call);
    if (body == NULL || !field_only(call, body, known)) {
        json_decref(body);
        return;
    }
    const char *source = field_text(call, body, "source", SOURCE_MAX);
    if (source != NULL && read_length(call, body, &for_s) &&
        field_optional_text(call, body, "reason", reason, sizeof(reason))) {
        json_t *answer =
            api_ask_for(call, API_PEER_EDGE, "ban",
                        json_pack("{s:s,s:I,s:s,s:s}", "source", source, "for_s", for_s, "reason",
                                  reason, "actor", call->principal.name),
                        "ban");
        if (answer != NULL) {
            api_log(call->api, json_pack("{s:s,s:s,s:s}", "event", "ban.put", "source", source,
                                         "actor", call->principal.name));
            api_json(call, 201, json_incref(json_object_get(answer, "ban")));
            json_decref(answer);
        }
    }
    json_decref(body);
}

void bans_lift(struct api_call *call)
{
    json_t *answer =
        api_ask(call, API_PEER_EDGE, "unban",
                json_pack("{s:s,s:s}", "source", call->param, "actor", call->principal.name));
    if (answer == NULL) {
        return;
    }
    json_decref(answer);
    api_log(call->api, json_pack("{s:s,s:s,s:s}", "event", "ban.lifted", "source", call->param,
                                 "actor", call->principal.name));
    call->response->status = 204;
}
