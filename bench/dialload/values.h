/* values.h - what stands behind an option of dialload and dialstorm. Each is false for a bad value.
 */
#ifndef DT_DIALLOAD_VALUES_H
#define DT_DIALLOAD_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);
bool value_u32(const char *text, uint64_t min, uint64_t max, uint32_t *out);
bool value_time(const char *text, int64_t unit_us, int64_t *out_us); /* a day in ms at most */
/* "127.0.0.1:5060" or "[::1]:5060" */
bool value_target(const char *text, struct sockaddr_storage *target, socklen_t *size);

#endif
