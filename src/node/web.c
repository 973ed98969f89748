/* web.c - the web role: the API and the console, in a process that carries no call. */
#include "node/web.h"
#include "base/clock.h"
#include "net/post.h"
#include "node/keeper.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512
#define CONNECTIONS_PER_ADDRESS_MAX 256 /* a proxy in front is one address */
#define IDLE_S 30
#define BODY_TOTAL_MAX ((size_t)512 * 1024 * 1024)

/* One line, written at once so that lines of several threads do not mix. */
static void log_line(void *ctx, const char *json)
{
    (void)ctx;
    char *line = NULL;
    int size = asprintf(&line, "{\"wall_us\":%lld,\"role\":\"web\",%s\n",
                        (long long)clock_wall_us(), json + 1);
    if (size > 0) {
        ssize_t written = write(STDERR_FILENO, line, (size_t)size);
        (void)written; /* nowhere to say that the log is full */
        free(line);
    }
}

static enum api_ask ask(void *ctx, enum api_peer peer, const char *command, const json_t *members,
                        json_t **answer)
{
    struct web *web = ctx;
    return web_link_ask(web->links[peer], command, members, answer);
}

static json_t *own_status(void *ctx)
{
    struct web *web = ctx;
    uint32_t connections = web->http == NULL ? 0 : http_server_connection_count(web->http);
    return json_pack("{s:s,s:i,s:s,s:I,s:s,s:s,s:b,s:i}", "role", "web", "pid", (int)getpid(),
                     "state", web->http == NULL ? "starting" : "ready", "uptime_us",
                     (json_int_t)(clock_mono_us() - web->started_us), "version", DIALTONE_VERSION,
                     "http", web->address, "is_edge_followed",
                     (int)atomic_load(&web->is_edge_followed), "connections", (int)connections);
}

static void handle_control(void *ctx, const char *command, const json_t *request,
                           struct control_answer *answer)
{
    struct web *web = ctx;
    (void)request;
    if (strcmp(command, "status") == 0) {
        json_t *status = own_status(web);
        json_object_set_new(status, "store", api_store_status(web->api));
        control_answer_json(answer, status);
    } else {
        control_answer_error(answer, "bad-request", "The web role does not know \"%s\".", command);
    }
}

static void post(void *ctx, const char *url, const char *const *headers, struct slice body,
                 int64_t patience_us, struct api_post_answer *out)
{
    struct web *web = ctx;
    struct post_request request = {url, headers, body, patience_us, &web->is_stopping};
    struct post_answer answer;
    post_send(&request, &answer);
    *out = (struct api_post_answer){.status = answer.status, .is_cancelled = answer.is_cancelled};
    out->body_size = answer.body_size < sizeof(out->body) ? answer.body_size : sizeof(out->body);
    memcpy(out->body, answer.body, out->body_size);
    snprintf(out->error, sizeof(out->error), "%s", answer.error);
}

static void set_hook(const struct node_config *config, struct api_options *options)
{
    options->post = post;
    options->hook = (struct api_hook){.url = config->hook_url,
                                      .patience_us = config->hook_patience_us,
                                      .retry_us = config->hook_retry_us,
                                      .attempts_max = config->hook_attempts_max};
    for (int i = 0; i < config->low_count && i < API_LOW_TERMS_MAX; i++) {
        const struct config_low *low = &config->low[i];
        struct api_low_terms *terms = &options->low[options->low_count++];
        snprintf(terms->currency, sizeof(terms->currency), "%s", low->currency);
        terms->below_micro = low->below_micro;
        terms->topup_max_micro = low->topup_max_micro;
        terms->topup_day_micro = low->topup_day_micro;
    }
}

static bool start_api(struct web *web)
{
    struct api_options options = {.dir = web->options->dir,
                                  .domain = web->options->config->domain,
                                  .store_url = web->options->config->store,
                                  .has_fault_layer = web->options->config->drill,
                                  .ctx = web,
                                  .ask = ask,
                                  .own_status = own_status,
                                  .log = log_line};
    char *error = NULL;
    set_hook(web->options->config, &options);
    if (!post_init()) {
        return false;
    }
    web->links[API_PEER_EDGE] = web_link_new(web->run_dir, "edge.sock");
    web->links[API_PEER_SUPERVISOR] = web_link_new(web->run_dir, "supervisor.sock");
    if (web->links[API_PEER_EDGE] == NULL || web->links[API_PEER_SUPERVISOR] == NULL) {
        return false;
    }
    web->api = api_new(&options, &error);
    if (web->api == NULL) {
        fprintf(stderr, "%s\n", error == NULL ? "The API cannot start." : error);
        free(error);
    }
    return web->api != NULL;
}

/* The bound address: the configured port may have been 0. */
static void note_address(struct web *web)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    char host[64];
    char port[8];
    if (getsockname(web->options->http_fd, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return;
    }
    bool is_ipv6 = bound.ss_family == AF_INET6;
    snprintf(web->address, sizeof(web->address), is_ipv6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool start_http(struct web *web)
{
    note_address(web);
    struct http_options options = {.listen_fd = web->options->http_fd,
                                   .connections_max = CONNECTIONS_MAX,
                                   .connections_per_address_max = CONNECTIONS_PER_ADDRESS_MAX,
                                   .idle_s = IDLE_S,
                                   .body_total_max = BODY_TOTAL_MAX,
                                   .ctx = web,
                                   .body_max = web_body_max,
                                   .handle = web_handle};
    web->http = http_server_new(&options);
    if (web->http == NULL) {
        fprintf(stderr, "The HTTP server cannot start: %s.\n", strerror(errno));
    }
    return web->http != NULL;
}

static bool start(struct web *web)
{
    struct control_options options = {
        .run_dir = web->run_dir, .name = "web.sock", .ctx = web, .handle = handle_control};
    char *error = NULL;
    if (!start_api(web) || !start_http(web)) {
        return false;
    }
    web->control = control_server_new(&options, &error);
    if (web->control == NULL) {
        fprintf(stderr, "%s\n", error == NULL ? "No control socket." : error);
        free(error);
        return false;
    }
    web->has_follower = pthread_create(&web->follower, NULL, web_follow_edge, web) == 0;
    return web->has_follower;
}

/* In this order: streams end, so that their threads can; then nobody asks the API any more. */
static void stop(struct web *web)
{
    atomic_store(&web->is_stopping, true);
    if (web->api != NULL) {
        api_stop(web->api);
    }
    control_server_free(web->control); /* it looks at the HTTP server */
    http_server_free(web->http);
    if (web->has_follower) {
        pthread_join(web->follower, NULL);
    }
    api_free(web->api);
    web_link_free(web->links[API_PEER_EDGE]);
    web_link_free(web->links[API_PEER_SUPERVISOR]);
}

/* Passwords come and go in JSON: what is given back to the heap is empty. */
static void wipe_and_free(void *block)
{
    if (block != NULL) {
        explicit_bzero(block, malloc_usable_size(block));
    }
    free(block);
}

int web_role_run(const struct role_options *options)
{
    struct web *web = calloc(1, sizeof(*web));
    if (web == NULL) {
        return 1;
    }
    json_set_alloc_funcs(malloc, wipe_and_free);
    web->options = options;
    web->started_us = clock_mono_us();
    snprintf(web->run_dir, sizeof(web->run_dir), "%s/run", options->dir);
    (void)signal(SIGPIPE, SIG_IGN);
    bool is_started = start(web);
    if (is_started) {
        struct keeper *keeper = keeper_new(options->dir, options->config);
        role_wait_for_stop(options, "web");
        keeper_free(keeper);
    }
    stop(web);
    free(web);
    return is_started ? 0 : 1;
}
