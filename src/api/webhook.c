#include "api/webhook.h"

#include "api/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 32
#define KEY_BYTES_MAX 66 /* 64, as Standard Webhooks allows, and what padding decodes to */
#define KEYS_MAX 2
#define FILE_SIZE 512
#define PREFIX "whsec_"

static void key_path(const char *dir, char path[4096])
{
    snprintf(path, 4096, "%s/secrets/webhook.key", dir);
}

static bool write_key(int fd)
{
    uint8_t key[KEY_BYTES];
    char text[sizeof(PREFIX) + 2 * KEY_BYTES + 1];
    if (!secret_random(key, sizeof(key))) {
        return false;
    }
    int size = snprintf(text, sizeof(text), PREFIX);
    size += EVP_EncodeBlock((unsigned char *)text + size, key, sizeof(key));
    text[size++] = '\n';
    bool is_written = write(fd, text, (size_t)size) == size && fsync(fd) == 0;
    explicit_bzero(key, sizeof(key));
    explicit_bzero(text, sizeof(text));
    return is_written;
}

/* By another name first, so that half a key is never there. */
bool webhook_key_make(const char *dir, char **error)
{
    char path[4096], made[4096 + 8], folder[4096];
    key_path(dir, path);
    snprintf(made, sizeof(made), "%s.new", path);
    snprintf(folder, sizeof(folder), "%s/secrets", dir);
    if (access(path, R_OK) == 0) {
        return true;
    }
    bool is_folder = access(folder, F_OK) == 0 || mkdir(folder, 0700) == 0;
    int fd = is_folder ? open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    bool is_made = fd >= 0 && write_key(fd) && rename(made, path) == 0;
    if (!is_made && asprintf(error, "%s cannot be made: %s.", path, strerror(errno)) < 0) {
        *error = NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_made;
}

/* 0: it is none. */
static size_t decode_key(struct slice line, uint8_t key[KEY_BYTES_MAX])
{
    line = slice_trim(line);
    if (!slice_starts_with(line, SLICE(PREFIX))) {
        return 0;
    }
    line = slice_skip(line, sizeof(PREFIX) - 1);
    if (line.size == 0 || line.size % 4 != 0 || line.size / 4 * 3 > KEY_BYTES_MAX) {
        return 0;
    }
    size_t padding = 0;
    while (padding < 2 && line.data[line.size - 1 - padding] == '=') {
        padding++;
    }
    int size = EVP_DecodeBlock(key, (const unsigned char *)line.data, (int)line.size);
    return size <= (int)padding ? 0 : (size_t)size - padding;
}

static bool sign_once(const uint8_t *key, size_t key_size, struct slice text, char *out,
                      size_t out_size)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned mac_size = 0;
    unsigned char encoded[64];
    if (HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text.data, text.size, mac,
             &mac_size) == NULL) {
        return false;
    }
    (void)EVP_EncodeBlock(encoded, mac, (int)mac_size);
    size_t size = strlen(out);
    snprintf(out + size, out_size - size, "%sv1,%s", size == 0 ? "" : " ", (const char *)encoded);
    return true;
}

static bool read_file(const char *dir, char text[FILE_SIZE], size_t *size)
{
    char path[4096];
    key_path(dir, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t found = fd < 0 ? -1 : read(fd, text, FILE_SIZE);
    if (fd >= 0) {
        close(fd);
    }
    *size = found < 0 ? 0 : (size_t)found;
    return found > 0;
}

bool webhook_sign(const char *dir, const char *id, int64_t wall_s, struct slice body,
                  char signature[WEBHOOK_SIGNATURE_SIZE])
{
    char keys[FILE_SIZE], *text = NULL;
    size_t size = 0;
    int length = asprintf(&text, "%s.%" PRId64 ".%.*s", id, wall_s, (int)body.size, body.data);
    if (length < 0 || !read_file(dir, keys, &size)) {
        free(length < 0 ? NULL : text);
        return false;
    }
    struct slice rest = slice_make(keys, size);
    signature[0] = '\0';
    bool is_signed = true;
    for (int i = 0; i < KEYS_MAX && rest.size > 0 && is_signed; i++) {
        uint8_t key[KEY_BYTES_MAX];
        size_t key_size = decode_key(slice_split(&rest, '\n'), key);
        if (key_size > 0) {
            is_signed = sign_once(key, key_size, slice_make(text, (size_t)length), signature,
                                  WEBHOOK_SIGNATURE_SIZE);
        }
        explicit_bzero(key, sizeof(key));
    }
    explicit_bzero(keys, sizeof(keys));
    free(text);
    return is_signed && signature[0] != '\0';
}

void webhook_send(const struct api_options *options, const char *id, struct slice body,
                  int64_t wall_us, struct api_post_answer *answer)
{
    char signature[WEBHOOK_SIGNATURE_SIZE], sign[WEBHOOK_SIGNATURE_SIZE + 32];
    char id_header[160], time_header[64];
    const char *const headers[] = {"Content-Type: application/json",
                                   "User-Agent: dialtone",
                                   id_header,
                                   time_header,
                                   sign,
                                   NULL};
    int64_t wall_s = wall_us / 1000000;
    *answer = (struct api_post_answer){0};
    if (!webhook_sign(options->dir, id, wall_s, body, signature)) {
        snprintf(answer->error, sizeof(answer->error), "secrets/webhook.key cannot be used");
        return;
    }
    snprintf(id_header, sizeof(id_header), "webhook-id: %s", id);
    snprintf(time_header, sizeof(time_header), "webhook-timestamp: %" PRId64, wall_s);
    snprintf(sign, sizeof(sign), "webhook-signature: %s", signature);
    options->post(options->ctx, options->hook.url, headers, body, options->hook.patience_us,
                  answer);
}
