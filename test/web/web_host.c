/* web_host.c - the fixture as a program, for the browser's test: a web role, a database, a played
 * edge. Prints one line of JSON, then obeys lines on its input until that ends: "calls N", "edge
 * down", "edge up". */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void money(struct fixture *fixture, const char *account, const char *amount, const char *key)
{
    char path[128];
    char body[128];
    char header[128];
    snprintf(path, sizeof(path), "/v1/accounts/%s/topups", account);
    snprintf(body, sizeof(body), "{\"amount\":\"%s\",\"reason\":\"Bank transfer\"}", amount);
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    struct answer answer =
        ask_web(fixture, (struct question){"POST", path, fixture->operator_key, body, {header}});
    answer_done(&answer);
}

static void obey(struct fixture *fixture, const char *line)
{
    int count = 0;
    if (sscanf(line, "calls %d", &count) == 1) {
        pthread_mutex_lock(&fixture->play.lock);
        fixture->play.call_count = count;
        pthread_mutex_unlock(&fixture->play.lock);
        fixture_edge_tell(fixture, "call.started", "{\"key\":\"1\",\"account_id\":1}");
    } else if (strncmp(line, "edge down", 9) == 0 && fixture->edge != NULL) {
        fixture_edge_down(fixture);
    } else if (strncmp(line, "edge up", 7) == 0 && fixture->edge == NULL) {
        fixture_edge_up(fixture);
    }
}

static void import_deck(struct fixture *fixture, const char *csv)
{
    struct answer answer = ask_web(fixture, (struct question){"POST",
                                                              "/v1/decks?name=retail",
                                                              fixture->operator_key,
                                                              csv,
                                                              {"Content-Type: text/csv"}});
    answer_done(&answer);
}

/* bravo is below its threshold, and a rule suspends it for a while. */
static void run_low(struct fixture *fixture)
{
    struct answer answer = ask_web(fixture, (struct question){"PATCH",
                                                              "/v1/accounts/bravo",
                                                              fixture->operator_key,
                                                              "{\"low_balance\":\"20.00\"}",
                                                              {NULL}});
    answer_done(&answer);
    answer = ask_web(fixture, (struct question){"PUT",
                                                "/v1/accounts/bravo/suspension",
                                                fixture->operator_key,
                                                "{\"why\":\"300 calls in 10 s\",\"rule\":"
                                                "\"velocity\",\"for_s\":3600}",
                                                {NULL}});
    answer_done(&answer);
}

int main(void)
{
    struct fixture *fixture = fixture_start();
    struct answer endpoint =
        ask_web(fixture, (struct question){"POST",
                                           "/v1/endpoints",
                                           fixture->operator_key,
                                           "{\"user\":\"alice\",\"account\":\"acme\",\"password\":"
                                           "\"pw-alice\",\"digest\":\"sha-256\","
                                           "\"identities\":[\"4930111\"]}",
                                           {NULL}});
    answer_done(&endpoint);
    money(fixture, "acme", "25.00", "host-1");
    money(fixture, "bravo", "10.00", "host-2");
    run_low(fixture);
    import_deck(fixture, "prefix,description,rate\n49,Germany,0.01\n44,Britain,0.02\n");
    import_deck(fixture, "prefix,description,rate\n49,Germany,0.015\n33,France,0.02\n");
    printf("{\"port\":%d,\"name\":\"joan\",\"password\":\"correct horse\"}\n", fixture->port);
    fflush(stdout);
    char line[128];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        obey(fixture, line);
    }
    fixture_stop(fixture);
    return 0;
}
