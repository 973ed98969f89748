#include "node/config_edit.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1100
#define CONF_SIZE_MAX (1024 * 1024)

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t size = write(fd, text, left);
        if (size <= 0) {
            return false;
        }
        text += size;
        left -= (size_t)size;
    }
    return fsync(fd) == 0;
}

/* As the old file, or else as the directory: what root writes has to be read by the roles. */
static bool take_over(int fd, const char *dir, const char *path)
{
    struct stat old, now;
    mode_t mode = 0600;
    if (stat(path, &old) == 0) {
        mode = old.st_mode & 07777;
    } else if (stat(dir, &old) != 0) {
        return false;
    }
    bool is_theirs = fstat(fd, &now) == 0 && now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    return (is_theirs || fchown(fd, old.st_uid, old.st_gid) == 0) && fchmod(fd, mode) == 0;
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced;
}

bool config_write_file(const char *dir, const char *name, const char *text, char *error,
                       size_t error_size)
{
    char path[PATH_SIZE], part[PATH_SIZE + 8];
    int size = snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (size < 0 || (size_t)size >= sizeof(path)) {
        snprintf(error, error_size, "the name of the directory is too long");
        return false;
    }
    snprintf(part, sizeof(part), "%s.new", path);
    (void)unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && take_over(fd, dir, path) && write_all(fd, text);
    if (fd >= 0) {
        is_written = close(fd) == 0 && is_written;
    }
    if (!is_written || rename(part, path) != 0 || !sync_dir(dir)) {
        snprintf(error, error_size, "%s cannot be written: %s", path, strerror(errno));
        (void)unlink(part);
        return false;
    }
    return true;
}

bool config_keep_password(const char *dir, const char *file, char *error, size_t error_size)
{
    char text[256] = "";
    if (file == NULL) {
        return true;
    }
    FILE *in = fopen(file, "re");
    bool is_read = in != NULL && fgets(text, sizeof(text), in) != NULL;
    if (in != NULL) {
        fclose(in);
    }
    bool is_kept = is_read && config_write_file(dir, "store.password", text, error, error_size);
    OPENSSL_cleanse(text, sizeof(text));
    if (!is_read) {
        snprintf(error, error_size, "%s cannot be read, or is empty", file);
    }
    return is_kept;
}

static char *read_conf(const char *dir, char *error, size_t error_size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/dialtone.conf", dir);
    FILE *in = fopen(path, "re");
    char *text = in == NULL ? NULL : malloc(CONF_SIZE_MAX);
    size_t size = text == NULL ? 0 : fread(text, 1, CONF_SIZE_MAX, in);
    if (in != NULL) {
        fclose(in);
    }
    if (text == NULL || size == 0 || size == CONF_SIZE_MAX) {
        snprintf(error, error_size, "%s cannot be read", path);
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* ---- one setting, cut out of the text ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '*';
}

static size_t line_end(struct slice text, size_t at)
{
    while (at < text.size && text.data[at] != '\n') {
        at++;
    }
    return at;
}

static size_t string_end(struct slice text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        at += text.data[at] == '\\' ? 1 : 0;
    }
    return at < text.size ? at + 1 : text.size;
}

/* Behind the comment that begins there, in one of libconfig's three ways; `at` if none does. */
static size_t comment_end(struct slice text, size_t at)
{
    struct slice rest = slice_skip(text, at);
    if (slice_starts_with(rest, SLICE("#")) || slice_starts_with(rest, SLICE("//"))) {
        return line_end(text, at);
    }
    if (!slice_starts_with(rest, SLICE("/*"))) {
        return at;
    }
    const char *end = memmem(rest.data + 2, rest.size - 2, "*/", 2);
    return end == NULL ? text.size : (size_t)(end + 2 - text.data);
}

static size_t blank_end(struct slice text, size_t at)
{
    size_t from;
    do {
        from = at;
        while (at < text.size && strchr(" \t\r\n\f", text.data[at]) != NULL) {
            at++;
        }
        at = comment_end(text, at);
    } while (at != from);
    return at;
}

/* Behind the value that begins at `at`, strings side by side, and what ends the setting. */
static size_t value_end(struct slice text, size_t at)
{
    size_t end = at;
    while (at < text.size && text.data[at] == '"') {
        end = string_end(text, at);
        at = blank_end(text, end);
    }
    bool is_ended = at < text.size && (text.data[at] == ';' || text.data[at] == ',');
    return is_ended ? at + 1 : end;
}

/* The outermost setting `store` with its value, in *found; false: there is none. */
static bool find_store(struct slice text, struct slice *found)
{
    int depth = 0;
    for (size_t at = 0; at < text.size;) {
        size_t next = comment_end(text, at);
        char c = text.data[at];
        if (next != at) {
            at = next;
        } else if (c == '"') {
            at = string_end(text, at);
        } else if (is_name_char(c)) {
            size_t from = at;
            while (at < text.size && is_name_char(text.data[at])) {
                at++;
            }
            next = blank_end(text, at);
            bool is_setting =
                next < text.size && (text.data[next] == '=' || text.data[next] == ':');
            if (depth == 0 && is_setting &&
                slice_equal(slice_make(text.data + from, at - from), SLICE("store"))) {
                size_t end = value_end(text, blank_end(text, next + 1));
                *found = slice_make(text.data + from, end - from);
                return true;
            }
        } else {
            depth += strchr("{([", c) != NULL ? 1 : strchr("})]", c) != NULL ? -1 : 0;
            at++;
        }
    }
    return false;
}

/* Without them; a line that has nothing else goes too. */
static void write_without_store(struct buf *out, struct slice text)
{
    struct slice found;
    while (find_store(text, &found)) {
        size_t before = (size_t)(found.data - text.data);
        size_t after = before + found.size;
        size_t begin = before;
        while (begin > 0 && (text.data[begin - 1] == ' ' || text.data[begin - 1] == '\t')) {
            begin--;
        }
        bool is_alone =
            (begin == 0 || text.data[begin - 1] == '\n') &&
            slice_trim(slice_make(text.data + after, line_end(text, after) - after)).size == 0;
        if (is_alone) {
            before = begin;
            after = line_end(text, after);
            after += after < text.size ? 1 : 0;
        }
        buf_slice(out, slice_head(text, before));
        text = slice_skip(text, after);
    }
    buf_slice(out, text);
}

bool config_set_store(const char *dir, const char *url, char *error, size_t error_size)
{
    char *text = read_conf(dir, error, error_size);
    char *made = text == NULL ? NULL : malloc(CONF_SIZE_MAX);
    bool is_done = false;
    if (made != NULL) {
        struct buf out;
        buf_init(&out, made, CONF_SIZE_MAX);
        write_without_store(&out, slice_from_text(text));
        if (out.size > 0 && made[out.size - 1] != '\n') {
            buf_char(&out, '\n');
        }
        buf_printf(&out, "store = \"%s\";\n", url);
        buf_char(&out, '\0');
        is_done = !out.is_full && config_write_file(dir, "dialtone.conf", made, error, error_size);
    }
    free(made);
    free(text);
    return is_done;
}
