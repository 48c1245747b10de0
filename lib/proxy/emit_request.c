/* SPDX-License-Identifier: BSD-3-Clause */
/* The head that goes to an endpoint, written anew from what was understood of the client's. */
#include "proxy_int.h"

/** An HTTP/1.0 client without Host: the address it connected to (RFC 9112 3.3). */
static struct sl_str connected_to(const struct px_session *s, char text[SL_IP_PORT_TEXT_MAX])
{
	struct sl_http_out out = {.p = text, .cap = SL_IP_PORT_TEXT_MAX};
	struct sl_ip_port local;

	sl_tcp_local(s->conn, &local);
	if (!sl_ip_is_v4(&local.ip))
		sl_http_put(&out, SL_STR("["));
	px_put_ip(&out, &local.ip);
	if (!sl_ip_is_v4(&local.ip))
		sl_http_put(&out, SL_STR("]"));
	sl_http_put(&out, SL_STR(":"));
	sl_http_put_u64(&out, local.port);
	return (struct sl_str){text, (uint32_t)out.n};
}

static void put_host(struct sl_proxy *px, struct px_session *s, struct sl_str name,
		     const struct px_upward *up, struct sl_http_out *out)
{
	struct sl_str host = up->authority.n > 0 ? up->authority : px->req.authority;
	char text[SL_IP_PORT_TEXT_MAX];
	uint32_t bare;

	if (host.n == 0)
		host = connected_to(s, text);
	if (!up->shadow) {
		sl_http_put_field(out, name, host);
		return;
	}
	bare = sl_snap_host_name(host).n;
	sl_http_put(out, name);
	sl_http_put(out, SL_STR(": "));
	sl_http_put(out, (struct sl_str){host.p, bare});
	sl_http_put(out, SL_STR("-shadow"));
	sl_http_put(out, (struct sl_str){host.p + bare, host.n - bare});
	sl_http_put(out, SL_STR("\r\n"));
}

/** Max-Forwards of OPTIONS, one less (RFC 9110 7.6.2); what is no number stays as it is. */
static void put_forwards(const struct sl_http_field *f, struct sl_http_out *out)
{
	uint64_t n;

	if (!px_number(f->value, &n) || n == 0) {
		sl_http_put_field(out, f->name, f->value);
		return;
	}
	sl_http_put(out, f->name);
	sl_http_put(out, SL_STR(": "));
	sl_http_put_u64(out, n - 1);
	sl_http_put(out, SL_STR("\r\n"));
}

/** Fields that say something about this hop and not about the one behind us. */
static bool ends_here(const struct sl_http_request *req, const struct sl_http_field *f)
{
	/* A 1.0 client does not wait for 100 (RFC 9110 10.1.1), and upstream we are 1.1. */
	if (f->known == SL_HTTP_F_EXPECT)
		return req->minor == 0 && sl_str_ieq(f->value, SL_STR("100-continue"));
	return f->hop;
}

void px_put_via(const struct sl_proxy *px, uint8_t minor, struct sl_http_out *out)
{
	if (px->cfg.via[0] == '\0')
		return;
	sl_http_put(out, minor ? SL_STR("via: 1.1 ") : SL_STR("via: 1.0 "));
	sl_http_put(out, sl_str(px->cfg.via));
	sl_http_put(out, SL_STR("\r\n"));
}

/**
 * A certificate that a client says it has shown: we saw none, so there is none to pass on (Envoy's
 * SANITIZE_SET).
 */
static bool is_client_cert(const struct sl_http_field *f)
{
	return f->known == SL_HTTP_F_OTHER &&
	       sl_str_ieq(f->name, SL_STR("x-forwarded-client-cert"));
}

/** Fields of the client's, name case and order kept, but for those that are ours to say. */
static void put_fields(struct sl_proxy *px, struct px_session *s, const struct px_upward *up,
		       struct sl_http_out *out)
{
	const struct sl_http_request *req = &px->req;
	bool trusted = px->cfg.xff_trusted_hops > 0, host = false;
	bool options = sl_str_eq(req->method, SL_STR("OPTIONS"));

	for (uint16_t i = 0; i < req->n_fields; i++) {
		const struct sl_http_field *f = &req->field[i];

		switch (f->known) {
		case SL_HTTP_F_HOST:
			if (!host)
				put_host(px, s, f->name, up, out);
			host = true;
			continue;
		case SL_HTTP_F_CONTENT_LENGTH:
			if (req->framing != SL_HTTP_LENGTH)
				continue;
			sl_http_put(out, f->name);
			sl_http_put(out, SL_STR(": "));
			sl_http_put_u64(out, req->length);
			sl_http_put(out, SL_STR("\r\n"));
			continue;
		case SL_HTTP_F_CONNECTION:
		case SL_HTTP_F_KEEP_ALIVE:
		case SL_HTTP_F_PROXY_CONNECTION:
		case SL_HTTP_F_TRANSFER_ENCODING:
		case SL_HTTP_F_UPGRADE:
		case SL_HTTP_F_HTTP2_SETTINGS:
		case SL_HTTP_F_X_FORWARDED_FOR:
		case SL_HTTP_F_X_REQUEST_ID:
		case SL_HTTP_F_X_ENVOY:
			continue;
		case SL_HTTP_F_X_FORWARDED_PROTO:
			if (!trusted || px_change_drops(px, up->changes, f->name))
				continue;
			break;
		case SL_HTTP_F_TRAILER:
			if (!s->req.trailers || px_change_drops(px, up->changes, f->name))
				continue;
			break;
		default:
			if (ends_here(req, f) || is_client_cert(f))
				continue;
			if (up->changes.n && px_change_drops(px, up->changes, f->name))
				continue;
			if (options && px_is_max_forwards(f)) {
				put_forwards(f, out);
				continue;
			}
		}
		sl_http_put_field(out, f->name, f->value);
	}
	if (!host)
		put_host(px, s, SL_STR("host"), up, out);
}

static bool has_field(const struct sl_http_request *req, enum sl_http_known known)
{
	for (uint16_t i = 0; i < req->n_fields; i++)
		if (req->field[i].known == known)
			return true;
	return false;
}

/** A field of ours, unless the route drops it. */
static void put_own(struct sl_proxy *px, const struct px_upward *up, struct sl_str name,
		    struct sl_str value, struct sl_http_out *out)
{
	if (!px_change_drops(px, up->changes, name))
		sl_http_put_field(out, name, value);
}

static void put_ours(struct sl_proxy *px, struct px_session *s, const struct px_upward *up,
		     struct sl_http_out *out)
{
	const struct sl_http_request *req = &px->req;
	char peer[SL_IP_TEXT_MAX];

	if (!px_change_drops(px, up->changes, SL_STR("x-forwarded-for"))) {
		sl_http_put(out, SL_STR("x-forwarded-for: "));
		px_put_xff(px, s, out);
		sl_http_put(out, SL_STR("\r\n"));
	}
	if (px->cfg.xff_trusted_hops == 0 || !has_field(req, SL_HTTP_F_X_FORWARDED_PROTO))
		put_own(px, up, SL_STR("x-forwarded-proto"), SL_STR("http"), out);
	put_own(px, up, SL_STR("x-envoy-external-address"), px_trusted_client(px, s, peer), out);
	put_own(px, up, SL_STR("x-request-id"), s->request_id, out);
	if (up->rewritten)
		put_own(px, up, SL_STR("x-envoy-original-path"), up->original, out);
	px_change_put(px, up->changes, out);
	px_put_via(px, req->minor, out);
	if (req->framing == SL_HTTP_CHUNKED)
		sl_http_put(out, SL_STR("transfer-encoding: chunked\r\n"));
	if (s->upgrade)
		sl_http_put(out, SL_STR("connection: Upgrade\r\nupgrade: websocket\r\n"));
}

bool px_emit_request(struct sl_proxy *px, struct px_session *s, const struct px_upward *up,
		     struct sl_http_out *out)
{
	sl_http_put(out, px->req.method);
	sl_http_put(out, SL_STR(" "));
	sl_http_put(out, up->target);
	sl_http_put(out, SL_STR(" HTTP/1.1\r\n"));
	put_fields(px, s, up, out);
	put_ours(px, s, up, out);
	return !out->full;
}
