/* md5.h - MD5 (RFC 1321) of a text in parts, for digest access authentication alone.
 *
 * Internal to src/sip. A library's general interface costs more than these few blocks: it looks
 * the algorithm up, keeps a state on the heap and wipes it.
 */
#ifndef DT_SIP_MD5_H
#define DT_SIP_MD5_H

#include "base/slice.h"

#define MD5_SIZE 16

void md5_parts(const struct slice *parts, size_t part_count, uint8_t out[MD5_SIZE]);

#endif
