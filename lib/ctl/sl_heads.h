/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of recent requests, as a worker gives a sample of them to control: what routing looked at,
 * so that another configuration can be asked where the request would have gone.
 *
 * Of a head, the request line, Host and the names of all fields are kept. The value of a field is
 * kept only when its writer says so (a route of the running configuration asks for it); of all
 * others only the name is, and the reader is told that the value is withheld.
 */
#ifndef SL_HEADS_H
#define SL_HEADS_H

#include "sl_http.h"

#define SL_HEAD_TEXT_MAX 2048u
#define SL_HEAD_HOST_MAX 256u
#define SL_HEAD_CUT      1u /* something of the head is missing, beside values withheld */

/**
 * One head in a slot of sl_ctl_head. The ring publishes it as a whole; `check` tells memory that
 * was damaged later, or a writer that is not ours.
 */
struct sl_head_record {
	uint32_t check; /* CRC-32C of everything behind it, text included */
	uint16_t len;   /* bytes of text */
	uint8_t flags;  /* SL_HEAD_CUT */
	uint8_t pad;
	uint64_t wall_us;
	uint64_t request;  /* sl_head_request of its x-request-id */
	uint32_t requests; /* of this worker since the head before it, with this one */
	uint16_t port;     /* where the client sent it */
	uint16_t n_fields;
	struct sl_ip ip;
	uint32_t withheld[4]; /* bit i % 32 of word i / 32: field i is there without its value */
			      /* Behind it: the text, an HTTP/1 head. */
};
_Static_assert(sizeof(struct sl_head_record) == 64, "shared layout");
_Static_assert(SL_HTTP_FIELDS_MAX <= 4 * 32, "a bit a field");

/** What a head begins with. */
struct sl_head {
	uint64_t wall_us;
	uint32_t requests;
	struct sl_ip_port local;
	struct sl_str request_id, method, target;
	struct sl_str host; /* value of the Host field; NULL p: there is none */
	uint8_t minor;      /* HTTP/1.minor */
};

struct sl_head_out {
	void *slot;
	char *text;              /* in the slot, behind its record */
	struct sl_head_record r; /* kept here until the end: who else can write to the slot can't
				  * lead us out of it */
	uint32_t room;           /* bytes of text that are left */
};

/** What an x-request-id is known by: in its head, and behind the request in its access record. */
uint64_t sl_head_request(struct sl_str request_id);

/**
 * Begins a head in a slot of at least SL_CTL_HEAD_SIZE - 4 bytes. A longer Host is cut to
 * SL_HEAD_HOST_MAX, the target to what is left then; either marks the head as cut. Worker-safe.
 */
void sl_head_begin(struct sl_head_out *out, void *slot, const struct sl_head *h);

/**
 * Adds a field, Host excepted. A value of more than 256 bytes that has no room is withheld; any
 * other field without room is left out with all behind it, and the head is marked as cut.
 *
 * @param keep false: the value is withheld.
 */
void sl_head_field(struct sl_head_out *out, struct sl_str name, struct sl_str value, bool keep);

/** Ends it. @return bytes for sl_ring_publish. */
uint32_t sl_head_end(struct sl_head_out *out);

/** A head as read: a copy, which nobody else can change, and what it says. */
struct sl_head_in {
	struct sl_http_request req; /* spans of text */
	struct sl_head_record r;
	char text[SL_HEAD_TEXT_MAX];
};

/**
 * Reads a message, which is not trusted.
 *
 * @return 0; -EBADMSG when lengths or checksum are wrong, the text is no request head, or its
 *         fields are not as many as it says.
 */
int sl_head_read(struct sl_head_in *in, const void *msg, uint32_t len);

/** Whether field i of a head that was read lacks its value. */
static inline bool sl_head_withheld(const struct sl_head_record *r, uint32_t i)
{
	return i < SL_HTTP_FIELDS_MAX && (r->withheld[i / 32] >> i % 32 & 1);
}

#endif
