/* post.h - one HTTP POST to somebody else's server, by libcurl: bounded in time and size, followed
 * nowhere (a redirect is an answer like another), never through a proxy of the environment.
 */
#ifndef DT_NET_POST_H
#define DT_NET_POST_H

#include "base/slice.h"

#include <stdatomic.h>
#include <stdint.h>

#define POST_ANSWER_SIZE 4096
#define POST_ERROR_SIZE 160

struct post_request {
    const char *url;            /* "http://..." or "https://..."; its certificate is checked */
    const char *const *headers; /* "Name: value", NULL-terminated */
    struct slice body;
    int64_t patience_us;             /* for all of it */
    const atomic_bool *is_cancelled; /* looked at once a second at least */
};
struct post_answer {
    int status; /* of HTTP; 0: there is no whole answer, and error says why */
    bool is_cancelled;
    size_t body_size;
    char body[POST_ANSWER_SIZE]; /* of a longer one: no answer */
    char error[POST_ERROR_SIZE];
};

/* Once, before there are threads that post. */
MUST_CHECK bool post_init(void);
void post_send(const struct post_request *request, struct post_answer *answer);

#endif
