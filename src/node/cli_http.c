/* cli_http.c - the command line as a client of the API, with the key that `init` made. */
#include "node/cli.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_PATIENCE_S 3L
#define PATIENCE_S 30L
#define DECK_PATIENCE_S 600L
#define ANSWER_SIZE_MAX ((size_t)1 << 30)
#define PAGE_MAX 1000

/* ---- paths ---- */

static void encode(struct buf *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr(plain, *c) != NULL) {
            buf_char(out, *c);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c); /* RFC 3986 2.1 */
        }
    }
}

void cli_url_init(struct cli_url *url, const char *path)
{
    url->has_query = false;
    buf_init(&url->buf, url->text, sizeof(url->text) - 1);
    buf_text(&url->buf, path);
    url->text[url->buf.size] = '\0';
}

void cli_url_part(struct cli_url *url, const char *part)
{
    buf_char(&url->buf, '/');
    encode(&url->buf, part);
    url->text[url->buf.size] = '\0';
}

void cli_url_query(struct cli_url *url, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    buf_char(&url->buf, url->has_query ? '&' : '?');
    url->has_query = true;
    encode(&url->buf, name);
    buf_char(&url->buf, '=');
    encode(&url->buf, value);
    url->text[url->buf.size] = '\0';
}

/* ---- where the API is, and our key ---- */

static bool read_key(struct cli *cli, int *status)
{
    char path[CLI_DIR_SIZE + 24];
    snprintf(path, sizeof(path), "%s/secrets/admin.key", cli->dir);
    FILE *file = fopen(path, "r");
    bool is_read = file != NULL && fgets(cli->key, sizeof(cli->key), file) != NULL;
    if (!is_read) {
        *status = cli_fail(cli, "%s cannot be read: %s. Run this as the user that owns %s.", path,
                           strerror(errno), cli->dir);
    }
    if (file != NULL) {
        fclose(file);
    }
    cli->key[strcspn(cli->key, "\r\n")] = '\0';
    return is_read;
}

/* A wildcard is where a server listens, not where it is asked. */
static void set_address(struct cli *cli, const char *bound)
{
    if (strncmp(bound, "0.0.0.0:", 8) == 0) {
        snprintf(cli->http, sizeof(cli->http), "127.0.0.1:%s", bound + 8);
    } else if (strncmp(bound, "[::]:", 5) == 0) {
        snprintf(cli->http, sizeof(cli->http), "[::1]:%s", bound + 5);
    } else {
        snprintf(cli->http, sizeof(cli->http), "%s", bound);
    }
}

/* The supervisor says where: another program may have the port that we were told at some time. */
static bool find_api(struct cli *cli, int *status)
{
    if (cli->http[0] != '\0') {
        return true;
    }
    json_t *answer = cli_ask(cli, "supervisor.sock", "status", NULL, status);
    const char *http = json_string_value(json_object_get(answer, "http"));
    if (http != NULL) {
        set_address(cli, http);
    }
    json_decref(answer);
    return http != NULL && read_key(cli, status);
}

/* ---- one request ---- */

struct taken { /* the answer's body */
    char *text;
    size_t size;
};

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
    struct taken *taken = ctx;
    size_t more = size * count;
    if (more > ANSWER_SIZE_MAX - taken->size) {
        return 0;
    }
    char *text = realloc(taken->text, taken->size + more + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text + taken->size, data, more);
    taken->text = text;
    taken->size += more;
    text[taken->size] = '\0';
    return more;
}

static struct curl_slist *make_headers(const struct cli *cli, const struct cli_request *request)
{
    char line[160];
    struct curl_slist *headers = NULL;
    snprintf(line, sizeof(line), "Authorization: Bearer %s", cli->key);
    headers = curl_slist_append(headers, line);
    headers = curl_slist_append(headers, "Expect:");
    headers =
        curl_slist_append(headers, request->csv.data != NULL ? "Content-Type: text/csv"
                                                             : "Content-Type: application/json");
    if (request->idempotency_key != NULL) {
        snprintf(line, sizeof(line), "Idempotency-Key: %s", request->idempotency_key);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static CURLcode perform(struct cli *cli, const struct cli_request *request, struct taken *taken,
                        long *code)
{
    char url[sizeof(request->url->text) + 128];
    snprintf(url, sizeof(url), "http://%s%s", cli->http, request->url->text);
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    char *body = request->body == NULL ? NULL : json_dumps(request->body, JSON_COMPACT);
    struct curl_slist *headers = make_headers(cli, request);
    bool is_csv = request->csv.data != NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* the key is for nobody else */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_PATIENCE_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, is_csv ? DECK_PATIENCE_S : PATIENCE_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, taken);
    if (is_csv || body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(is_csv ? request->csv.size : strlen(body)));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, is_csv ? request->csv.data : body);
    }
    CURLcode result = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, code);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(body);
    return result;
}

/* ---- problems (RFC 9457) ---- */

static const char *option_of(const struct cli *cli, const char *member)
{
    const struct args_known *known = cli->command->options;
    for (; member != NULL && known != NULL && known->name != NULL; known++) {
        if (known->member != NULL && strcmp(known->member, member) == 0) {
            return known->name;
        }
    }
    return NULL;
}

static void say_lines(const json_t *problems)
{
    size_t index;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)problems, index, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        fprintf(stderr, "  line %lld: %s\n",
                (long long)json_integer_value(json_object_get(row, "line")),
                text == NULL ? "?" : text);
    }
}

static int say_problem(struct cli *cli, const char *text, long code)
{
    json_t *problem = text == NULL ? NULL : json_loads(text, 0, NULL);
    cli_make_harmless(problem);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *option = option_of(cli, json_string_value(json_object_get(problem, "field")));
    int status = code == 503 ? COMMAND_UNKNOWN : COMMAND_FAILED;
    if (detail == NULL) {
        fprintf(stderr, "dialtone %s: the API answered %ld\n", cli->command->name, code);
    } else if (option != NULL) {
        fprintf(stderr, "dialtone %s: %s: %s\n", cli->command->name, option, detail);
    } else {
        fprintf(stderr, "dialtone %s: %s\n", cli->command->name, detail);
    }
    say_lines(json_object_get(problem, "problems"));
    if (cli->is_json && problem != NULL) {
        cli_print_json(problem);
    }
    json_decref(problem);
    return status;
}

char *cli_fetch(struct cli *cli, const struct cli_request *request, size_t *size, int *status)
{
    struct taken taken = {NULL, 0};
    long code = 0;
    if (request->url->buf.is_full) {
        *status = cli_usage(cli->command, "that is too long");
        return NULL;
    }
    cli->was_sent = false;
    if (!find_api(cli, status)) {
        return NULL;
    }
    CURLcode result = perform(cli, request, &taken, &code);
    cli->was_sent = result != CURLE_COULDNT_CONNECT && result != CURLE_OUT_OF_MEMORY;
    if (result != CURLE_OK) {
        *status = cli_unknown(cli, "the API at %s does not answer (%s). See `dialtone status %s`.",
                              cli->http, curl_easy_strerror(result), cli->dir);
        free(taken.text);
        return NULL;
    }
    if (code < 200 || code > 299) {
        *status = request->is_quiet ? COMMAND_FAILED : say_problem(cli, taken.text, code);
        free(taken.text);
        return NULL;
    }
    *size = taken.size;
    return taken.text != NULL ? taken.text : calloc(1, 1);
}

json_t *cli_call(struct cli *cli, const struct cli_request *request, int *status)
{
    size_t size = 0;
    char *text = cli_fetch(cli, request, &size, status);
    if (text == NULL) {
        return NULL;
    }
    json_t *answer = size == 0 ? json_object() : json_loadb(text, size, 0, NULL);
    if (!cli->is_json) {
        cli_make_harmless(answer);
    }
    free(text);
    if (answer == NULL) {
        *status = cli_unknown(cli, "the API's answer cannot be read");
    }
    return answer;
}

json_t *cli_get(struct cli *cli, const struct cli_url *url, int *status)
{
    struct cli_request request = {.method = "GET", .url = url};
    return cli_call(cli, &request, status);
}

/* ---- lists ---- */

static bool read_max(const struct cli *cli, uint64_t *max, int *status)
{
    const char *text = args_value(cli->args, "--max");
    *max = CLI_MAX_DEFAULT;
    if (text != NULL && (!slice_to_u64(slice_from_text(text), 100000000, max) || *max == 0)) {
        *status = cli_usage(cli->command, "--max is a number of rows");
        return false;
    }
    return true;
}

/* Adds what came to *whole. False: no more is wanted, or there is no more. */
static bool add_page(json_t **whole, json_t *page, uint64_t max, char cursor[32])
{
    const char *next = json_string_value(json_object_get(page, "next"));
    snprintf(cursor, 32, "%s", next == NULL ? "" : next);
    if (*whole == NULL) {
        *whole = page;
    } else {
        json_array_extend(json_object_get(*whole, "items"), json_object_get(page, "items"));
        json_object_set(*whole, "next", json_object_get(page, "next"));
        json_decref(page);
    }
    return cursor[0] != '\0' && json_array_size(json_object_get(*whole, "items")) < max;
}

json_t *cli_list(struct cli *cli, const struct cli_url *url, int *status)
{
    json_t *whole = NULL;
    uint64_t max;
    char cursor[32] = "";
    bool has_more = read_max(cli, &max, status);
    while (has_more) {
        struct cli_url page_url = *url;
        char count[24];
        uint64_t wanted = max - json_array_size(json_object_get(whole, "items"));
        page_url.buf.data = page_url.text;
        snprintf(count, sizeof(count), "%llu",
                 (unsigned long long)(wanted < PAGE_MAX ? wanted : PAGE_MAX));
        cli_url_query(&page_url, "max", count);
        cli_url_query(&page_url, "cursor", cursor[0] == '\0' ? NULL : cursor);
        json_t *page = cli_get(cli, &page_url, status);
        if (page == NULL) {
            json_decref(whole);
            return NULL;
        }
        has_more = add_page(&whole, page, max, cursor);
    }
    return whole;
}

const char *cli_name_of(struct cli *cli, const char *what, json_int_t id)
{
    char key[64];
    char path[64];
    char number[24];
    snprintf(key, sizeof(key), "%s/%lld", what, (long long)id);
    const char *known = json_string_value(json_object_get(cli->names, key));
    if (known != NULL) {
        return known;
    }
    struct cli_url url;
    int status = COMMAND_OK;
    snprintf(path, sizeof(path), "/v1/%s", what);
    snprintf(number, sizeof(number), "%lld", (long long)id);
    cli_url_init(&url, path);
    cli_url_part(&url, number);
    json_t *row = cli_get(cli, &url, &status);
    const char *name = json_string_value(json_object_get(row, "name"));
    json_object_set_new(cli->names, key, json_string(name == NULL ? number : name));
    json_decref(row);
    return json_string_value(json_object_get(cli->names, key));
}
