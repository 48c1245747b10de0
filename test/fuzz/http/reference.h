/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second reader of HTTP/1.1 (RFC 9112), line by line and without a line of lib/http: what a
 * careful peer makes of the bytes. It has no limits and reads whatever the gateway may let pass.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ref_text {
	const char *p;
	size_t n;
};

struct ref_field {
	struct ref_text name, value;
};

enum ref_framing { REF_NONE, REF_LENGTH, REF_CHUNKED, REF_CLOSE, REF_TUNNEL };

struct ref_msg {
	struct ref_text method, target; /* requests */
	int status;                     /* responses */
	int minor;
	struct ref_field *field;
	int fields;
	enum ref_framing framing;
	uint64_t length;
	char *body; /* content, chunk framing taken off */
	size_t body_n;
	struct ref_field *trailer;
	int trailers;
	bool complete;   /* REF_CLOSE and REF_TUNNEL: never, the stream does not say */
	bool broken;     /* chunk framing went wrong; body holds what came before */
	size_t at, end;  /* where it begins in its stream, and ends as far as it is there */
	size_t head_end; /* where its content begins */
};

/**
 * Reads the message that begins at p + at.
 *
 * @return 1: its head is there, a body it has may be cut or broken; 0: not yet; -1: wrong.
 */
int ref_request(const char *p, size_t n, size_t at, struct ref_msg *m);
int ref_response(const char *p, size_t n, size_t at, bool head, struct ref_msg *m);

/** Frees all messages read since the last call. */
void ref_reset(void);

bool ref_is(struct ref_text t, const char *text);  /* letter case matters */
bool ref_ieq(struct ref_text t, const char *text); /* it does not */
bool ref_same(struct ref_text a, struct ref_text b);
bool ref_starts(struct ref_text t, const char *lower);
/** How many fields of that name, and the last one's value. */
int ref_find(const struct ref_msg *m, const char *name, struct ref_text *value);
/** Whether a comma-separated field has that element, letter case ignored. */
bool ref_lists(const struct ref_msg *m, const char *name, struct ref_text element);
/** Whether the field speaks of its own hop only: one of the known ones, or named by Connection. */
bool ref_hop(const struct ref_msg *m, struct ref_text name);

/** Path normalisation as it is promised, segment by segment. @return bytes, -1: refused. */
int ref_normalize(struct ref_text path, char *out);

#endif
