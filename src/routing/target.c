#include "routing/target.h"

#include "base/address.h"
#include "base/hash.h"

#include <string.h>

static bool take_u16(struct slice *rest, uint16_t *out)
{
    if (rest->size < 2) {
        return false;
    }
    const uint8_t *at = (const uint8_t *)rest->data;
    *out = (uint16_t)(at[0] << 8 | at[1]);
    *rest = slice_skip(*rest, 2);
    return true;
}

/* A name of labels, as text; it must end where the rdata ends. */
static bool take_name(struct slice *rest, char out[TARGET_NAME_SIZE])
{
    size_t size = 0;
    while (rest->size > 0) {
        size_t label = (uint8_t)rest->data[0];
        *rest = slice_skip(*rest, 1);
        if (label == 0) {
            out[size] = '\0';
            return rest->size == 0;
        }
        bool has_room = size + label + 2 <= TARGET_NAME_SIZE;
        if (label > 63 || label > rest->size || !has_room ||
            memchr(rest->data, '.', label) != NULL || memchr(rest->data, '\0', label) != NULL) {
            return false;
        }
        if (size > 0) {
            out[size++] = '.';
        }
        memcpy(out + size, rest->data, label);
        size += label;
        *rest = slice_skip(*rest, label);
    }
    return false;
}

/* RFC 1035 3.3 <character-string>. */
static bool take_text(struct slice *rest, struct slice *out)
{
    if (rest->size == 0 || rest->size < (size_t)(uint8_t)rest->data[0] + 1) {
        return false;
    }
    size_t size = (uint8_t)rest->data[0];
    *out = slice_make(rest->data + 1, size);
    *rest = slice_skip(*rest, size + 1);
    return true;
}

bool target_read_srv(struct slice rdata, struct target_srv *out)
{
    return take_u16(&rdata, &out->priority) && take_u16(&rdata, &out->weight) &&
           take_u16(&rdata, &out->port) && take_name(&rdata, out->name);
}

bool target_read_naptr(struct slice rdata, struct target_naptr *out)
{
    struct slice flags, service, pattern;
    if (!take_u16(&rdata, &out->order) || !take_u16(&rdata, &out->preference) ||
        !take_text(&rdata, &flags) || !take_text(&rdata, &service) ||
        !take_text(&rdata, &pattern) || !take_name(&rdata, out->name)) {
        return false;
    }
    bool is_udp = slice_equal_nocase(service, SLICE("SIP+D2U"));
    out->is_tcp = slice_equal_nocase(service, SLICE("SIP+D2T"));
    return slice_equal_nocase(flags, SLICE("s")) && pattern.size == 0 && out->name[0] != '\0' &&
           (is_udp || out->is_tcp);
}

void target_add_address(struct target_record *record, struct slice rdata)
{
    if (rdata.size == 4 && record->v4_count < TARGET_ADDRESSES_MAX) {
        uint8_t *address = record->v4[record->v4_count++];
        address_from_ipv4(address, rdata.data);
    } else if (rdata.size == 16 && record->v6_count < TARGET_ADDRESSES_MAX) {
        memcpy(record->v6[record->v6_count++], rdata.data, 16);
    }
}

/* One family of a record, beginning at another address from call to call. */
static int add_family(const uint8_t addresses[TARGET_ADDRESSES_MAX][16], int address_count,
                      uint16_t port, uint64_t seed, int count, struct target *out)
{
    for (int i = 0; i < address_count && count < TARGETS_MAX; i++) {
        int at = (int)((seed + (uint64_t)i) % (uint64_t)address_count);
        memcpy(out[count].address, addresses[at], 16);
        out[count++].port = port;
    }
    return count;
}

/* RFC 2782: among those of the lowest priority each has a chance as its weight says. A weight of 0
 * counts as a tenth, so that it is not left out for ever. -1: none is left. */
static int pick(const struct target_set *set, const bool *is_taken, uint64_t seed)
{
    int lowest = -1;
    uint64_t sum = 0;
    for (int i = 0; i < set->count; i++) {
        const struct target_record *record = &set->records[i];
        if (is_taken[i]) {
            continue;
        }
        if (lowest < 0 || record->priority < set->records[lowest].priority) {
            lowest = i;
            sum = 0;
        }
        if (record->priority == set->records[lowest].priority) {
            sum += (uint64_t)record->weight * 10 + (record->weight == 0);
        }
    }
    uint64_t place = sum == 0 ? 0 : seed % sum;
    for (int i = lowest; i >= 0 && i < set->count; i++) {
        const struct target_record *record = &set->records[i];
        uint64_t share = (uint64_t)record->weight * 10 + (record->weight == 0);
        if (is_taken[i] || record->priority != set->records[lowest].priority) {
            continue;
        }
        if (place < share) {
            return i;
        }
        place -= share;
    }
    return lowest;
}

int target_order(const struct target_set *set, uint64_t seed, struct target out[TARGETS_MAX])
{
    bool is_taken[TARGET_RECORDS_MAX] = {false};
    int count = 0;
    for (int turn = 0; turn < set->count && turn < TARGET_RECORDS_MAX; turn++) {
        uint64_t random = hash_u64(seed, (uint64_t)turn);
        int at = pick(set, is_taken, random);
        if (at < 0) {
            break;
        }
        const struct target_record *record = &set->records[at];
        is_taken[at] = true;
        random = hash_u64(random, 1);
        count = add_family(record->v4, record->v4_count, record->port, random, count, out);
        count = add_family(record->v6, record->v6_count, record->port, random, count, out);
    }
    return count;
}

static struct slice take_word(struct slice *line)
{
    size_t from = 0;
    while (from < line->size && slice_is_blank(line->data[from])) {
        from++;
    }
    size_t to = from;
    while (to < line->size && !slice_is_blank(line->data[to]) && line->data[to] != '\r') {
        to++;
    }
    struct slice word = slice_make(line->data + from, to - from);
    *line = slice_skip(*line, to);
    return word;
}

int target_hosts_find(struct slice file, struct slice name, struct target_record *out)
{
    while (file.size > 0) {
        struct slice line = slice_split(&file, '\n');
        line = slice_head(line, slice_find(line, '#'));
        uint8_t address[ADDRESS_SIZE];
        if (!address_parse(take_word(&line), address)) {
            continue;
        }
        struct slice word = take_word(&line);
        while (word.size > 0) {
            if (slice_equal_nocase(word, name)) {
                int skipped = address_is_ipv4(address) ? ADDRESS_IPV4_AT : 0;
                target_add_address(out, slice_make((const char *)address + skipped,
                                                   (size_t)(ADDRESS_SIZE - skipped)));
                break;
            }
            word = take_word(&line);
        }
    }
    return out->v4_count + out->v6_count;
}
