/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads of recent requests: written by a worker into a slot, read by control out of it. */
#include "sl_heads.h"

#include <errno.h>

#define REQUEST_ID_MAX 255u /* as much of it as an access record has */
#define VERSION_BYTES  11u  /* " HTTP/1.1\r\n" */
#define END_BYTES      2u   /* the empty line */
#define FIELD_BYTES    4u   /* ": " and "\r\n" */
#define LONG_BYTES     256u /* no field that frames a message is as long */
#define HOST_BYTES     8u   /* "Host" and these */

_Static_assert(SL_HEAD_TEXT_MAX <= UINT16_MAX, "fits its length field");

static uint32_t check_of(const struct sl_head_record *r, const char *text)
{
	const size_t from = sizeof(r->check);
	uint32_t crc = sl_crc32c(0, (const char *)r + from, sizeof(*r) - from);

	return sl_crc32c(crc, text, r->len);
}

static void put(struct sl_head_out *out, struct sl_str s)
{
	if (s.n > 0)
		memcpy(out->text + out->r.len, s.p, s.n);
	out->r.len = (uint16_t)(out->r.len + s.n);
	out->room -= s.n;
}

static void put_field(struct sl_head_out *out, struct sl_str name, struct sl_str value)
{
	put(out, name);
	put(out, SL_STR(": "));
	put(out, value);
	put(out, SL_STR("\r\n"));
	out->r.n_fields++;
}

static struct sl_str cut(struct sl_head_out *out, struct sl_str s, uint32_t most)
{
	if (s.n <= most)
		return s;
	out->r.flags |= SL_HEAD_CUT;
	return (struct sl_str){s.p, most};
}

uint64_t sl_head_request(struct sl_str request_id)
{
	return sl_fnv1a(0, request_id.p, SL_MIN(request_id.n, REQUEST_ID_MAX));
}

void sl_head_begin(struct sl_head_out *out, void *slot, const struct sl_head *h)
{
	struct sl_str host;

	out->slot = slot;
	out->text = (char *)slot + sizeof(out->r);
	out->r = (struct sl_head_record){.wall_us = h->wall_us,
					 .request = sl_head_request(h->request_id),
					 .requests = h->requests,
					 .ip = h->local.ip,
					 .port = h->local.port};
	host = cut(out, h->host, SL_HEAD_HOST_MAX);
	out->room = SL_HEAD_TEXT_MAX - END_BYTES;
	/* Methods are at most 32 bytes, so that what is left for the target is never nothing. */
	put(out, cut(out, h->method, 32));
	put(out, SL_STR(" "));
	put(out, cut(out, h->target, out->room - VERSION_BYTES - HOST_BYTES - host.n));
	put(out, h->minor ? SL_STR(" HTTP/1.1\r\n") : SL_STR(" HTTP/1.0\r\n"));
	if (host.p)
		put_field(out, SL_STR("Host"), host);
}

void sl_head_field(struct sl_head_out *out, struct sl_str name, struct sl_str value, bool keep)
{
	uint32_t i = out->r.n_fields;
	bool fits = (uint64_t)name.n + FIELD_BYTES + value.n <= out->room;

	keep = keep && (fits || value.n <= LONG_BYTES);
	if (!keep)
		value.n = 0;
	if (i == SL_HTTP_FIELDS_MAX || (uint64_t)name.n + FIELD_BYTES + value.n > out->room) {
		out->r.flags |= SL_HEAD_CUT;
		out->room = 0;
		return;
	}
	if (!keep)
		out->r.withheld[i / 32] |= UINT32_C(1) << i % 32;
	put_field(out, name, value);
}

uint32_t sl_head_end(struct sl_head_out *out)
{
	out->room = END_BYTES; /* kept free from the begin on */
	put(out, SL_STR("\r\n"));
	out->r.check = check_of(&out->r, out->text);
	memcpy(out->slot, &out->r, sizeof(out->r));
	return (uint32_t)sizeof(out->r) + out->r.len;
}

int sl_head_read(struct sl_head_in *in, const void *msg, uint32_t len)
{
	if (len < sizeof(in->r) || len > sizeof(in->r) + sizeof(in->text))
		return -EBADMSG;
	/* Copied first: what is looked at can't change under our eyes. */
	memcpy(&in->r, msg, sizeof(in->r));
	memcpy(in->text, (const char *)msg + sizeof(in->r), len - sizeof(in->r));
	if (in->r.len != len - sizeof(in->r) || in->r.check != check_of(&in->r, in->text))
		return -EBADMSG;
	if (sl_http_request_parse(&in->req, in->text, in->r.len, 0, NULL) != in->r.len ||
	    in->req.n_fields != in->r.n_fields)
		return -EBADMSG;
	return 0;
}
