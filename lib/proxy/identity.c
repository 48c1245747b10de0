/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks, and which request it is: x-forwarded-for with trusted hops, x-request-id. */
#include "proxy_int.h"

/** Random UUID (RFC 9562 5.4) from a keyed counter: unique here, not to be guessed elsewhere. */
static void make_id(struct sl_proxy *px, char out[36])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t in[4] = {px->ids++, px->lc->now_us, px->lc->index, 0};
	uint64_t half[2];
	uint8_t b[16];
	int n = 0;

	half[0] = sl_siphash(&px->cfg.secret, in, sizeof(in));
	in[3] = 1;
	half[1] = sl_siphash(&px->cfg.secret, in, sizeof(in));
	memcpy(b, half, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		out[n++] = hex[b[i] >> 4];
		out[n++] = hex[b[i] & 15];
	}
}

/** Writes the value of x-forwarded-for anew. @return bytes of the peer's address at its end. */
static size_t build_xff(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out)
{
	const struct sl_http_request *req = &px->req;
	struct sl_ip_port peer;
	size_t before;

	for (uint16_t i = 0; i < req->n_fields; i++) {
		if (req->field[i].known != SL_HTTP_F_X_FORWARDED_FOR || req->field[i].value.n == 0)
			continue;
		sl_http_put(out, req->field[i].value);
		sl_http_put(out, SL_STR(","));
	}
	before = out->n;
	px_peer(s, &peer);
	px_put_ip(out, &peer.ip);
	return out->n - before;
}

void px_put_xff(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out)
{
	if (s->xff_cut)
		build_xff(px, s, out);
	else
		sl_http_put(out, (struct sl_str){s->xff, s->xff_len});
}

/** Takes the last element off a comma-separated list; empty when there is none. */
static struct sl_str last_element(struct sl_str *list)
{
	uint32_t end = list->n, at;

	while (end > 0 && (list->p[end - 1] == ' ' || list->p[end - 1] == '\t'))
		end--;
	for (at = end; at > 0 && list->p[at - 1] != ',';)
		at--;
	list->n = at > 0 ? at - 1 : 0;
	while (at < end && (list->p[at] == ' ' || list->p[at] == '\t'))
		at++;
	return (struct sl_str){list->p + at, end - at};
}

static bool looks_like_ip(struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		char c = sl_lower(s.p[i]);

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && c != ':' && c != '.')
			return false;
	}
	return s.n > 0 && s.n < SL_IP_TEXT_MAX;
}

struct sl_str px_trusted_client(struct sl_proxy *px, struct px_session *s,
				char peer_text[SL_IP_TEXT_MAX])
{
	const struct sl_http_request *req = &px->req;
	uint32_t hops = px->cfg.xff_trusted_hops;
	struct sl_http_out out = {.p = peer_text, .cap = SL_IP_TEXT_MAX};
	struct sl_ip_port peer;
	struct sl_str client = {0};

	if (hops == 0 && !s->xff_cut)
		return (struct sl_str){s->xff + s->xff_len - s->peer_len, s->peer_len};
	/* With N trusted proxies before us the client is the Nth from the right. */
	for (uint16_t i = req->n_fields; i > 0 && hops > 0; i--) {
		struct sl_str list = req->field[i - 1].value;

		if (req->field[i - 1].known != SL_HTTP_F_X_FORWARDED_FOR)
			continue;
		while (list.n > 0 && hops > 0) {
			client = last_element(&list);
			hops--;
		}
		if (hops == 0 && looks_like_ip(client))
			return client;
	}
	px_peer(s, &peer);
	px_put_ip(&out, &peer.ip);
	return (struct sl_str){peer_text, (uint32_t)out.n};
}

void px_identity(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_request *req = &px->req;
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};

	s->request_id = (struct sl_str){0};
	for (uint16_t i = 0; px->cfg.keep_request_id && i < req->n_fields; i++)
		if (req->field[i].known == SL_HTTP_F_X_REQUEST_ID && s->request_id.n == 0)
			s->request_id = req->field[i].value;
	if (s->request_id.n == 0) {
		make_id(px, s->id);
		s->request_id = (struct sl_str){s->id, sizeof(s->id)};
	}
	s->peer_len = (uint8_t)build_xff(px, s, &out);
	s->xff_len = (uint8_t)SL_MIN(out.n, PX_XFF_MAX);
	s->xff_cut = out.n > PX_XFF_MAX;
	memcpy(s->xff, out.p, s->xff_len);
}
