/* followers.h - those who follow /v1/events: each has a bounded queue of server-sent events. */
#ifndef DT_API_FOLLOWERS_H
#define DT_API_FOLLOWERS_H

#include "base/attr.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct followers;
struct follower;

struct followers *followers_new(void);
void followers_free(struct followers *followers); /* after the last follower left */
void followers_stop(struct followers *followers); /* ends all streams */

/* account_id 0: hears everything; else only events whose data names that account. NULL: too many.
 */
struct follower *followers_join(struct followers *followers, uint64_t account_id);
/* The next bytes of the stream: events, or after 15 s a comment that keeps it open; -1: the end.
 * Who reads so slowly that its queue overflows is told "lost", and ended. */
ssize_t followers_read(struct follower *follower, char *out, size_t size_max);
void followers_leave(struct follower *follower);

void followers_publish(struct followers *followers, const char *kind, const json_t *data);
uint32_t followers_count(const struct followers *followers);

#endif
