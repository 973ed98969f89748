#include "net/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_PART 2    /* connecting may take half of the patience */
#define PATIENCE_MIN_MS 2 /* to libcurl, 0 is no limit at all, or five minutes to connect */

bool post_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
    struct post_answer *answer = ctx;
    size_t more = size * count;
    if (more > sizeof(answer->body) - answer->body_size) {
        return 0; /* ends the transfer */
    }
    memcpy(answer->body + answer->body_size, data, more);
    answer->body_size += more;
    return more;
}

static int look(void *ctx, curl_off_t in_all, curl_off_t in, curl_off_t out_all, curl_off_t out)
{
    (void)in_all, (void)in, (void)out_all, (void)out;
    const struct post_request *request = ctx;
    return atomic_load(request->is_cancelled) ? 1 : 0;
}

static struct curl_slist *make_headers(const struct post_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    for (int i = 0; headers != NULL && request->headers[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[i]);
        if (longer == NULL) {
            curl_slist_free_all(headers);
        }
        headers = longer;
    }
    return headers;
}

static void set_options(CURL *curl, const struct post_request *request, struct post_answer *answer)
{
    long patience_ms = (long)(request->patience_us / 1000);
    patience_ms = patience_ms < PATIENCE_MIN_MS ? PATIENCE_MIN_MS : patience_ms;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a name that is being asked for can wait */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, patience_ms / CONNECT_PART);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, patience_ms);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)request);
}

void post_send(const struct post_request *request, struct post_answer *answer)
{
    long status = 0;
    answer->status = 0;
    answer->is_cancelled = false;
    answer->body_size = 0;
    answer->error[0] = '\0';
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(request);
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (curl != NULL && headers != NULL) {
        set_options(curl, request, answer);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        result = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    if (result == CURLE_OK) {
        answer->status = (int)status;
    } else {
        answer->is_cancelled = result == CURLE_ABORTED_BY_CALLBACK;
        snprintf(answer->error, sizeof(answer->error), "%s",
                 result == CURLE_WRITE_ERROR ? "the answer is too long"
                                             : curl_easy_strerror(result));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}
