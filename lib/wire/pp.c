/* SPDX-License-Identifier: BSD-3-Clause */
/* PROXY protocol headers: a line (version 1) or a fixed binary head (version 2). */
#include "sl_pp.h"

#include <stdio.h>

#define V1_MAX  107u /* with CR LF */
#define V2_HEAD 16u
#define V2_TCP4 0x11
#define V2_TCP6 0x21
#define V2_UNIX 0x31

static const char v2_magic[12] = "\r\n\r\n\0\r\nQUIT\n";

/** Whether the bytes so far are how `magic` begins. */
static bool begins(const char *buf, size_t len, const char *magic, size_t n)
{
	return memcmp(buf, magic, SL_MIN(len, n)) == 0;
}

/** Cuts the next word off a line; exactly one blank stands between two. */
static bool word(struct sl_str *line, struct sl_str *out)
{
	const char *blank = line->n > 0 ? memchr(line->p, ' ', line->n) : NULL;
	uint32_t n = blank ? (uint32_t)(blank - line->p) : line->n;

	*out = (struct sl_str){line->p, n};
	*line = blank ? (struct sl_str){blank + 1, line->n - n - 1} : (struct sl_str){NULL, 0};
	return n > 0;
}

static bool port(struct sl_str s, uint16_t *out)
{
	uint32_t v = 0;

	if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= UINT16_MAX;
}

static bool address(struct sl_str s, bool v4, struct sl_ip *out)
{
	char text[SL_IP_TEXT_MAX];

	if (s.n >= sizeof(text) || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	/* Brackets, zones and the like are no business of this protocol. */
	if (strspn(text, v4 ? "0123456789." : "0123456789abcdefABCDEF:.") != s.n)
		return false;
	return sl_ip_parse(text, out, NULL) == 0 && sl_ip_is_v4(out) == v4;
}

/** "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80" without its CR LF. */
static bool v1_line(struct sl_str line, struct sl_pp *out)
{
	struct sl_str w[4];
	struct sl_str proto;
	bool v4;

	line.p += 6;
	line.n -= 6;
	if (!word(&line, &proto))
		return false;
	if (sl_str_eq(proto, SL_STR("UNKNOWN"))) /* what else stands there is to be ignored */
		return true;
	v4 = sl_str_eq(proto, SL_STR("TCP4"));
	if (!v4 && !sl_str_eq(proto, SL_STR("TCP6")))
		return false;
	for (int i = 0; i < 4; i++)
		if (!word(&line, &w[i]))
			return false;
	out->known = true;
	return !line.p && address(w[0], v4, &out->src.ip) && address(w[1], v4, &out->dst.ip) &&
	       port(w[2], &out->src.port) && port(w[3], &out->dst.port);
}

static int v1_parse(const char *buf, size_t len, struct sl_pp *out)
{
	const char *cr = memchr(buf, '\r', SL_MIN(len, (size_t)V1_MAX));
	const char *lf = memchr(buf, '\n', SL_MIN(len, (size_t)V1_MAX));

	if (lf && (!cr || lf != cr + 1))
		return SL_PP_BAD;
	if (!lf)
		return len >= V1_MAX || (cr && cr + 1 < buf + len) ? SL_PP_BAD : SL_PP_MORE;
	if (!v1_line((struct sl_str){buf, (uint32_t)(cr - buf)}, out))
		return SL_PP_BAD;
	return (int)(lf + 1 - buf);
}

static uint16_t be16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

static void v2_addresses(const char *p, uint32_t size, struct sl_pp *out)
{
	if (size == 4) {
		uint32_t v4_be;

		memcpy(&v4_be, p, 4);
		out->src.ip = sl_ip_from_v4(v4_be);
		memcpy(&v4_be, p + 4, 4);
		out->dst.ip = sl_ip_from_v4(v4_be);
	} else {
		memcpy(out->src.ip.b, p, 16);
		memcpy(out->dst.ip.b, p + 16, 16);
	}
	out->src.port = be16(p + 2 * size);
	out->dst.port = be16(p + 2 * size + 2);
	out->known = true;
}

static int v2_parse(const char *buf, size_t len, struct sl_pp *out)
{
	uint32_t rest, size;
	uint8_t command, family;

	if (len < V2_HEAD)
		return SL_PP_MORE;
	command = (uint8_t)buf[12];
	family = (uint8_t)buf[13];
	rest = be16(buf + 14);
	/* 0x20: LOCAL, a health check of the proxy's own; 0x21: PROXY. */
	if ((command != 0x20 && command != 0x21) || V2_HEAD + rest > SL_PP_MAX)
		return SL_PP_BAD;
	size = family == V2_TCP4 ? 4 : family == V2_TCP6 ? 16 : 0;
	if (command == 0x21 &&
	    ((size == 0 && family != 0 && family != V2_UNIX) || (size && rest < 2 * size + 4)))
		return SL_PP_BAD;
	if (len < V2_HEAD + rest)
		return SL_PP_MORE;
	if (command == 0x21 && size > 0)
		v2_addresses(buf + V2_HEAD, size, out);
	return (int)(V2_HEAD + rest);
}

int sl_pp_parse(const char *buf, size_t len, struct sl_pp *out)
{
	*out = (struct sl_pp){0};
	if (begins(buf, len, v2_magic, sizeof(v2_magic)))
		return v2_parse(buf, len, out);
	if (begins(buf, len, "PROXY ", 6))
		return len < 6 ? SL_PP_MORE : v1_parse(buf, len, out);
	return SL_PP_BAD;
}

static size_t v1_emit(const struct sl_ip_port *src, const struct sl_ip_port *dst, char *out)
{
	char line[SL_PP_EMIT_MAX + 1], a[SL_IP_TEXT_MAX], b[SL_IP_TEXT_MAX];
	int n;

	if (sl_ip_is_v4(&src->ip) != sl_ip_is_v4(&dst->ip))
		n = snprintf(line, sizeof(line), "PROXY UNKNOWN\r\n");
	else
		n = snprintf(line, sizeof(line), "PROXY TCP%c %s %s %u %u\r\n",
			     sl_ip_is_v4(&src->ip) ? '4' : '6', sl_ip_format(&src->ip, a),
			     sl_ip_format(&dst->ip, b), src->port, dst->port);
	memcpy(out, line, (size_t)n);
	return (size_t)n;
}

static size_t v2_emit(const struct sl_ip_port *src, const struct sl_ip_port *dst, char *out)
{
	bool v4 = sl_ip_is_v4(&src->ip) && sl_ip_is_v4(&dst->ip);
	uint32_t size = v4 ? 4 : 16, skip = 16 - size; /* IPv4 lies at the end of a mapped one */
	char *p = out + V2_HEAD;

	memcpy(out, v2_magic, sizeof(v2_magic));
	out[12] = 0x21;
	out[13] = v4 ? V2_TCP4 : V2_TCP6;
	out[14] = 0;
	out[15] = (char)(2 * size + 4);
	memcpy(p, src->ip.b + skip, size);
	memcpy(p + size, dst->ip.b + skip, size);
	p += 2 * size;
	p[0] = (char)(src->port >> 8);
	p[1] = (char)src->port;
	p[2] = (char)(dst->port >> 8);
	p[3] = (char)dst->port;
	return V2_HEAD + 2 * size + 4;
}

size_t sl_pp_emit(int version, const struct sl_ip_port *src, const struct sl_ip_port *dst,
		  char out[SL_PP_EMIT_MAX])
{
	return version == 1 ? v1_emit(src, dst, out) : v2_emit(src, dst, out);
}
