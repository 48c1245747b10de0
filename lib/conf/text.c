/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of sluice.conf before libconfig parses it: includes, line map, numbers checked. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lex.h"
#include "words.h"

#define INCLUDE_DEPTH_MAX 10
#define INCLUDE_FILES_MAX 1000

struct sl_text_seg {
	int first; /* line of buf */
	const char *file;
	int line; /* of file */
};

static int file_load(int fd, const char *path, char **out, size_t *n, struct sl_err *err)
{
	struct stat st;
	char *buf;
	size_t got = 0;
	ssize_t r;

	if (fstat(fd, &st) < 0)
		return sl_err(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sl_err(err, EINVAL, "%s: is not a file; write the path of a file", path);
	if (st.st_size > SL_CONF_BYTES_MAX)
		return sl_err(err, E2BIG, "%s: is larger than %u MiB; split it", path,
			      SL_CONF_BYTES_MAX >> 20);
	/* One byte more than it said, to notice a file that grows while it is read. */
	buf = malloc((size_t)st.st_size + 2);
	if (!buf)
		return sl_err(err, ENOMEM, "%s: out of memory", path);
	while (got <= (size_t)st.st_size) {
		r = read(fd, buf + got, (size_t)st.st_size + 1 - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			free(buf);
			return sl_err(err, errno, "%s: %s", path, strerror(errno));
		}
		if (r == 0)
			break;
		got += (size_t)r;
	}
	if (got > (size_t)st.st_size) {
		free(buf);
		return sl_err(err, EINVAL, "%s: changes while it is read; try again", path);
	}
	buf[got] = '\0';
	*out = buf;
	*n = got;
	return 0;
}

int sl_file_read(const char *path, char **out, size_t *n, struct sl_err *err)
{
	/* A FIFO must not make us wait: opened without blocking, refused as no regular file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return sl_err(err, errno, "%s: %s", path,
			      errno == ENOENT ? "there is no such file" : strerror(errno));
	r = file_load(fd, path, out, n, err);
	close(fd);
	return r;
}

static int append(struct sl_text *t, const char *p, size_t n)
{
	if (n > t->cap - t->n) {
		size_t cap = SL_MAX(t->cap * 2, t->n + n + 4096);
		char *buf = realloc(t->buf, cap);

		if (!buf)
			return -ENOMEM;
		t->buf = buf;
		t->cap = cap;
	}
	memcpy(t->buf + t->n, p, n);
	t->n += n;
	return 0;
}

/* From here on, lines of buf are those of file from `line` on. */
static int seg_add(struct sl_text *t, const char *file, int line)
{
	struct sl_text_seg *seg = reallocarray(t->seg, t->n_seg + 1, sizeof(*seg));

	if (!seg)
		return -ENOMEM;
	t->seg = seg;
	seg[t->n_seg++] = (struct sl_text_seg){t->line, file, line};
	return 0;
}

static int expected(const struct sl_text *t, const struct sl_walk *w, int line, const char *what,
		    const char *want, struct sl_err *err)
{
	const struct sl_syntax_level *l = &t->syntax.level[t->syntax.depth];

	if (strstr(want, "that is open"))
		return sl_err(err, EINVAL, "%s:%d: %s; expected %s since line %d", w->file, line,
			      what, want, l->line);
	return sl_err(err, EINVAL, "%s:%d: %s; expected %s", w->file, line, what, want);
}

/* One token or gap from w->p on, which is not at its end; moves behind it. */
static int token(struct sl_text *t, struct sl_walk *w, struct sl_err *err)
{
	const char *start = w->p, *want;
	char show[SL_SHOW_MAX], text[40], what[SL_SHOW_MAX + 16];
	enum sl_token token = SL_TOKEN_END;
	int line = w->line;
	bool skipped;
	int e = sl_lex_skip(w, &skipped, err);

	if (e || skipped)
		return e;
	e = sl_lex(w, &token, err);
	if (e)
		return e;
	want = sl_syntax_take(&t->syntax, token, *start);
	if (!want && token == SL_TOKEN_OPEN)
		t->syntax.level[t->syntax.depth].line = line;
	if (!want)
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)SL_MIN(w->p - start, 39), start);
	snprintf(what, sizeof(what), "%s found", sl_show(text, show));
	return expected(t, w, line, what, want, err);
}

/* The end of the whole text: nothing may be open. w is the walk of the first file. */
static int end_of_text(struct sl_text *t, const struct sl_walk *w, struct sl_err *err)
{
	const char *want = sl_syntax_take(&t->syntax, SL_TOKEN_END, 0);

	return want ? expected(t, w, w->line, "the file ends", want, err) : 0;
}

static int walk(struct sl_text *t, struct sl_walk *w, struct sl_err *err);

/* Takes over a name for the life of the text. */
static const char *keep_name(struct sl_text *t, char *name)
{
	char **file = name ? reallocarray(t->file, t->n_file + 1, sizeof(*file)) : NULL;

	if (!file) {
		free(name);
		return NULL;
	}
	t->file = file;
	t->file[t->n_file++] = name;
	return name;
}

/* Takes path over. `from` is the walk that includes it, NULL for the first file. */
static int read_level(struct sl_text *t, char *path, const struct sl_walk *from, struct sl_err *err)
{
	const char *name = keep_name(t, path);
	struct sl_walk w = {.file = name, .line = 1, .includes = true};
	char *text = NULL;
	size_t n = 0;
	int r;

	if (!name)
		return sl_err(err, ENOMEM, "out of memory while sluice.conf was read");
	r = sl_file_read(name, &text, &n, err);
	if (r && from)
		sl_err_prefix(err, "%s:%d: @include of ", from->file, from->line);
	if (r)
		return r;
	w.level = from ? from->level + 1 : 0;
	w.p = text;
	w.end = text + n;
	r = walk(t, &w, err);
	if (r == 0 && !from)
		r = end_of_text(t, &w, err);
	free(text);
	return r;
}

/* `name` relative to the folder of the file that names it. */
static char *beside(const char *file, const char *name, size_t n)
{
	const char *slash = strrchr(file, '/');
	char *path;

	if (*name == '/' || !slash)
		return strndup(name, n);
	if (asprintf(&path, "%.*s/%.*s", (int)(slash - file), file, (int)n, name) < 0)
		return NULL;
	return path;
}

/* A line `@include "path"`. w->p stands behind the word. */
static int include(struct sl_text *t, struct sl_walk *w, struct sl_err *err)
{
	const char *p = w->p, *name;
	size_t n;
	int r;

	while (p < w->end && (*p == ' ' || *p == '\t'))
		p++;
	name = p + 1;
	if (p >= w->end || *p != '"')
		return sl_walk_bad(w, err, "@include without a file; write @include \"path\"");
	for (p = name; p < w->end && *p != '"' && *p != '\n' && *p != '\\' && *p; p++)
		;
	if (p >= w->end || *p != '"' || p == name || p - name >= PATH_MAX)
		return sl_walk_bad(w, err,
				   "@include with a path that can't be read; write @include "
				   "\"path\"");
	n = (size_t)(p - name);
	for (p++; p < w->end && (*p == ' ' || *p == '\t' || *p == '\r'); p++)
		;
	if (p < w->end && *p != '\n')
		return sl_walk_bad(w, err,
				   "@include with something behind it; write it on a line of its "
				   "own");
	if (!w->includes)
		return sl_walk_bad(w, err,
				   "@include in text that is no file; write the settings here");
	if (w->level >= INCLUDE_DEPTH_MAX || t->n_file >= INCLUDE_FILES_MAX)
		return sl_walk_bad(w, err,
				   "@include nested too deeply; does a file include itself?");
	w->p = p;
	r = read_level(t, beside(w->file, name, n), w, err);
	if (r == 0)
		r = seg_add(t, w->file, w->line);
	return r;
}

/* Whether the line at w->p is an include; moves behind the word if so. */
static bool at_include(struct sl_walk *w)
{
	const char *p = w->p;

	while (p < w->end && (*p == ' ' || *p == '\t'))
		p++;
	if (w->end - p < 8 || memcmp(p, "@include", 8) != 0)
		return false;
	w->p = p + 8;
	return true;
}

static int line_feed(struct sl_text *t, struct sl_walk *w)
{
	t->line++;
	w->line++;
	return append(t, "\n", 1);
}

/* libconfig would take a NUL byte, in a comment too, for the end of the text. */
static int refuse_nul(struct sl_walk *w, struct sl_err *err)
{
	const char *nul = memchr(w->p, '\0', (size_t)(w->end - w->p));

	if (!nul)
		return 0;
	for (const char *p = w->p; p < nul; p++)
		w->line += *p == '\n';
	return sl_walk_bad(w, err, "NUL byte; this is not a text file");
}

static int walk(struct sl_text *t, struct sl_walk *w, struct sl_err *err)
{
	bool fresh = true; /* at the beginning of a line */
	int r = refuse_nul(w, err);

	if (r == 0)
		r = seg_add(t, w->file, 1);

	while (r == 0 && w->p < w->end) {
		const char *start = w->p;
		int line = w->line;

		if (*w->p == '\n') {
			w->p++;
			r = line_feed(t, w);
			fresh = true;
			continue;
		}
		if (fresh && at_include(w)) {
			r = include(t, w, err);
			continue;
		}
		fresh = false;
		r = token(t, w, err);
		t->line += w->line - line;
		if (r == 0)
			r = append(t, start, (size_t)(w->p - start));
		if (r == 0 && t->n > SL_CONF_BYTES_MAX)
			r = sl_err(err, E2BIG, "%s: with all it includes it is larger than %u MiB",
				   w->file, SL_CONF_BYTES_MAX >> 20);
	}
	/* The including line's rest, and libconfig's comments, need an end of line. */
	if (r == 0)
		r = line_feed(t, w);
	if (r == -ENOMEM)
		return sl_err(err, ENOMEM, "out of memory while %s was read", w->file);
	return r;
}

static int finish(struct sl_text *t, int r)
{
	if (r == 0 && append(t, "", 1) < 0)
		r = -ENOMEM;
	if (r)
		sl_text_free(t);
	return r;
}

int sl_text_read(struct sl_text *t, const char *path, struct sl_err *err)
{
	*t = (struct sl_text){.line = 1};
	sl_syntax_init(&t->syntax);
	return finish(t, read_level(t, strdup(path), NULL, err));
}

int sl_text_set(struct sl_text *t, const char *name, const char *text, size_t n, struct sl_err *err)
{
	struct sl_walk w = {.p = text, .end = text + n, .line = 1};
	int r;

	*t = (struct sl_text){.line = 1};
	sl_syntax_init(&t->syntax);
	if (n > SL_CONF_BYTES_MAX)
		return sl_err(err, E2BIG, "%s: is larger than %u MiB", name,
			      SL_CONF_BYTES_MAX >> 20);
	w.file = keep_name(t, strdup(name));
	if (!w.file)
		return finish(t, sl_err(err, ENOMEM, "out of memory while %s was read", name));
	r = walk(t, &w, err);
	if (r == 0)
		r = end_of_text(t, &w, err);
	return finish(t, r);
}

const char *sl_text_where(const struct sl_text *t, int line, int *at)
{
	size_t lo = 0, hi = t->n_seg;

	line = SL_MAX(line, 1); /* the root has none */

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->seg[mid].first <= line)
			lo = mid;
		else
			hi = mid;
	}
	*at = line - t->seg[lo].first + t->seg[lo].line;
	return t->seg[lo].file;
}

void sl_text_free(struct sl_text *t)
{
	for (size_t i = 0; i < t->n_file; i++)
		free(t->file[i]);
	free(t->file);
	free(t->seg);
	free(t->buf);
	*t = (struct sl_text){0};
}
