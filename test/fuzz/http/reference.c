/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference reader of HTTP/1.1: obvious before fast. */
#include "reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIELDS_MAX 256

static void *owned[8192];
static size_t n_owned;

static void *own(size_t n)
{
	if (n_owned == sizeof(owned) / sizeof(*owned))
		abort();
	owned[n_owned] = malloc(n ? n : 1);
	if (!owned[n_owned])
		abort();
	return owned[n_owned++];
}

void ref_reset(void)
{
	while (n_owned > 0)
		free(owned[--n_owned]);
}

bool ref_same(struct ref_text a, struct ref_text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool ref_is(struct ref_text t, const char *text)
{
	return ref_same(t, (struct ref_text){text, strlen(text)});
}

bool ref_ieq(struct ref_text t, const char *text)
{
	return t.n == strlen(text) && strncasecmp(t.p, text, t.n) == 0;
}

bool ref_starts(struct ref_text t, const char *lower)
{
	return t.n >= strlen(lower) && strncasecmp(t.p, lower, strlen(lower)) == 0;
}

int ref_find(const struct ref_msg *m, const char *name, struct ref_text *value)
{
	int n = 0;

	for (int i = 0; i < m->fields; i++) {
		if (!ref_ieq(m->field[i].name, name))
			continue;
		n++;
		if (value)
			*value = m->field[i].value;
	}
	return n;
}

static struct ref_text trim(struct ref_text t)
{
	while (t.n > 0 && (*t.p == ' ' || *t.p == '\t')) {
		t.p++;
		t.n--;
	}
	while (t.n > 0 && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t'))
		t.n--;
	return t;
}

/** Splits off what stands before the next `by`; false when nothing was left. */
static bool next_part(struct ref_text *rest, char by, struct ref_text *part)
{
	size_t n = 0;

	if (!rest->p)
		return false;
	while (n < rest->n && rest->p[n] != by)
		n++;
	*part = (struct ref_text){rest->p, n};
	if (n == rest->n)
		*rest = (struct ref_text){NULL, 0};
	else
		*rest = (struct ref_text){rest->p + n + 1, rest->n - n - 1};
	return true;
}

bool ref_lists(const struct ref_msg *m, const char *name, struct ref_text element)
{
	for (int i = 0; i < m->fields; i++) {
		struct ref_text rest = m->field[i].value, part;

		while (ref_ieq(m->field[i].name, name) && next_part(&rest, ',', &part)) {
			part = trim(part);
			if (part.n == element.n && strncasecmp(part.p, element.p, part.n) == 0)
				return true;
		}
	}
	return false;
}

bool ref_hop(const struct ref_msg *m, struct ref_text name)
{
	static const char *const always[] = {"connection", "keep-alive",        "proxy-connection",
					     "trailer",    "transfer-encoding", "upgrade",
					     "te",         "http2-settings"};
	static const char *const kept[] = {"host",  "content-length", "x-request-id",
					   "close", "keep-alive",     "upgrade"};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (ref_ieq(name, always[i]))
			return true;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (ref_ieq(name, kept[i]))
			return false;
	if (ref_starts(name, "x-envoy-") || ref_starts(name, "x-forwarded-"))
		return false;
	return ref_lists(m, "connection", name);
}

static bool is_token(struct ref_text t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!isalnum((unsigned char)t.p[i]) && !memchr("!#$%&'*+-.^_`|~", t.p[i], 15))
			return false;
	return t.n > 0;
}

static bool is_number(struct ref_text t, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
		if (*out > (UINT64_MAX >> 1) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(t.p[i] - '0');
	}
	return t.n > 0 && *out <= UINT64_MAX >> 1;
}

/** A line ends with CR LF, and neither stands anywhere else. @return as ref_request. */
static int next_line(const char *p, size_t n, size_t *at, struct ref_text *line)
{
	const char *lf = *at < n ? memchr(p + *at, '\n', n - *at) : NULL;

	if (!lf)
		return 0;
	line->p = p + *at;
	line->n = (size_t)(lf - line->p);
	*at += line->n + 1;
	if (line->n == 0 || line->p[--line->n] != '\r')
		return -1;
	return memchr(line->p, '\r', line->n) || memchr(line->p, 0, line->n) ? -1 : 1;
}

static bool field_line(struct ref_text line, struct ref_field *f)
{
	const char *colon = memchr(line.p, ':', line.n);

	if (!colon)
		return false;
	f->name = (struct ref_text){line.p, (size_t)(colon - line.p)};
	f->value = trim((struct ref_text){colon + 1, line.n - f->name.n - 1});
	for (size_t i = 0; i < f->value.n; i++)
		if (((unsigned char)f->value.p[i] < ' ' && f->value.p[i] != '\t') ||
		    f->value.p[i] == 0x7f)
			return false;
	return is_token(f->name);
}

static int field_section(const char *p, size_t n, size_t *at, struct ref_msg *m)
{
	struct ref_field f[FIELDS_MAX];
	struct ref_text line;
	int got, k = 0;

	while ((got = next_line(p, n, at, &line)) == 1 && line.n > 0)
		if (k == FIELDS_MAX || !field_line(line, &f[k++]))
			return -1;
	if (got != 1)
		return got;
	m->field = own((size_t)k * sizeof(*f));
	if (k > 0)
		memcpy(m->field, f, (size_t)k * sizeof(*f));
	m->fields = k;
	return 1;
}

static int chunked_body(const char *p, size_t n, struct ref_msg *m)
{
	struct ref_msg trailers;
	struct ref_text line, ext;
	size_t at = m->end;
	int got;

	m->body = own(n - at);
	for (;;) {
		size_t digits = 0, size = 0;

		got = next_line(p, n, &at, &line);

		if (got != 1)
			return got;
		while (digits < line.n && isxdigit((unsigned char)line.p[digits]))
			digits++;
		ext = (struct ref_text){line.p + digits, line.n - digits};
		if (digits == 0 || digits > 16 || (ext.n > 0 && *ext.p != ';'))
			return -1;
		size = strtoull(line.p, NULL, 16);
		if (size == 0)
			break;
		for (; size > 0 && at < n; size--)
			m->body[m->body_n++] = p[at++];
		if (n - at < 2)
			return 0;
		if (p[at] != '\r' || p[at + 1] != '\n')
			return -1;
		at += 2;
	}
	m->end = at;
	got = field_section(p, n, &m->end, &trailers);
	m->complete = got == 1;
	if (m->complete) {
		m->trailer = trailers.field;
		m->trailers = trailers.fields;
	}
	return got;
}

static void body(const char *p, size_t n, struct ref_msg *m)
{
	m->end = m->head_end;
	switch (m->framing) {
	case REF_CHUNKED:
		m->broken = chunked_body(p, n, m) < 0;
		m->end = m->complete ? m->end : n;
		return;
	case REF_LENGTH:
		m->body_n = n - m->end < m->length ? n - m->end : (size_t)m->length;
		m->complete = m->body_n == m->length;
		break;
	case REF_NONE:
		m->complete = true;
		return;
	default:
		m->body_n = n - m->end;
	}
	m->body = own(m->body_n);
	if (m->body_n > 0)
		memcpy(m->body, p + m->end, m->body_n);
	m->end += m->body_n;
}

/** Framing of a body by its fields; false: they contradict themselves. */
static bool framing(struct ref_msg *m, bool response)
{
	struct ref_text te, cl;
	int tes = ref_find(m, "transfer-encoding", &te);
	int cls = ref_find(m, "content-length", &cl);

	if (tes > 1 || cls > 1 || (tes == 1 && !ref_ieq(te, "chunked")) || (tes && m->minor == 0) ||
	    (cls == 1 && !is_number(cl, &m->length)) || (tes && cls && !response))
		return false;
	m->framing = tes ? REF_CHUNKED : cls ? REF_LENGTH : response ? REF_CLOSE : REF_NONE;
	return true;
}

/** "HTTP/1.x"; later minor versions are read as 1.1. */
static bool version(struct ref_text t, int *minor)
{
	if (t.n != 8 || memcmp(t.p, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)t.p[7]))
		return false;
	*minor = t.p[7] != '0';
	return true;
}

static bool request_line(struct ref_text line, struct ref_msg *m)
{
	struct ref_text ver, none;

	if (!next_part(&line, ' ', &m->method) || !next_part(&line, ' ', &m->target) ||
	    !next_part(&line, ' ', &ver) || next_part(&line, ' ', &none))
		return false;
	for (size_t i = 0; i < m->target.n; i++)
		if (m->target.p[i] <= ' ' || m->target.p[i] >= 0x7f || m->target.p[i] == '#')
			return false;
	return is_token(m->method) && m->target.n > 0 && version(ver, &m->minor);
}

int ref_request(const char *p, size_t n, size_t at, struct ref_msg *m)
{
	struct ref_text line;
	int got;

	*m = (struct ref_msg){.at = at};
	do /* empty lines before a request are nothing */
		got = next_line(p, n, &at, &line);
	while (got == 1 && line.n == 0);
	if (got != 1)
		return got;
	if (!request_line(line, m))
		return -1;
	got = field_section(p, n, &at, m);
	if (got != 1)
		return got;
	m->head_end = at;
	if (!framing(m, false) || ref_find(m, "host", NULL) > 1 ||
	    (m->minor > 0 && ref_find(m, "host", NULL) == 0) || ref_is(m->method, "CONNECT"))
		return -1;
	body(p, n, m);
	return 1;
}

static bool status_line(struct ref_text line, struct ref_msg *m)
{
	struct ref_text ver;

	if (!next_part(&line, ' ', &ver) || !version(ver, &m->minor) || line.n < 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)line.p[i]))
			return false;
		m->status = m->status * 10 + line.p[i] - '0';
	}
	return m->status >= 100 && m->status < 600 && (line.n == 3 || line.p[3] == ' ');
}

int ref_response(const char *p, size_t n, size_t at, bool head, struct ref_msg *m)
{
	struct ref_text line;
	int got;

	*m = (struct ref_msg){.at = at};
	got = next_line(p, n, &at, &line);
	if (got != 1)
		return got;
	if (!status_line(line, m))
		return -1;
	got = field_section(p, n, &at, m);
	if (got != 1)
		return got;
	m->head_end = at;
	if (!framing(m, true))
		return -1;
	if (m->status == 101)
		m->framing = REF_TUNNEL;
	else if (head || m->status < 200 || m->status == 204 || m->status == 304)
		m->framing = REF_NONE;
	body(p, n, m);
	return 1;
}

/** One byte of a path as it is understood. @return bytes of it, 0: bad escape. */
static size_t path_byte(const char *p, size_t n, char *c)
{
	*c = *p == '\\' ? '/' : *p;
	if (*p != '%')
		return 1;
	if (n < 3 || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]) ||
	    memcmp(p + 1, "00", 2) == 0)
		return 0;
	if (p[1] == '2' && tolower((unsigned char)p[2]) == 'e') {
		*c = '.';
		return 3;
	}
	return 1;
}

int ref_normalize(struct ref_text path, char *out)
{
	char *plain = own(path.n + 1);
	struct ref_text rest, *seg = own((path.n + 2) * sizeof(*seg)), part;
	size_t n = 0, segs = 0, at = 0;
	bool open = false; /* ends with a slash */

	for (size_t i = 0, step; i < path.n; i += step) {
		step = path_byte(path.p + i, path.n - i, &plain[n++]);
		if (step == 0)
			return -1;
	}
	if (n == 0 || plain[0] != '/')
		return -1;
	rest = (struct ref_text){plain + 1, n - 1};
	while (next_part(&rest, '/', &part)) {
		bool up = ref_is(part, "..");

		open = up || ref_is(part, ".");
		if (up && segs > 0)
			segs--;
		if (!open)
			seg[segs++] = part;
	}
	for (size_t i = 0; i < segs; i++) {
		out[at++] = '/';
		memcpy(out + at, seg[i].p, seg[i].n);
		at += seg[i].n;
	}
	if (open || at == 0)
		out[at++] = '/';
	return (int)at;
}
