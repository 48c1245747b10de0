/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads and writes packets as the cases spell them. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

#include "case.h"

void case_fail(const struct play *p, const char *fmt, ...)
{
	unsigned at = p->at < p->c->n ? p->at : p->c->n - 1;
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail_msg("%s:%d: %s", p->c->file, p->c->number[at], text);
}

struct var *var_find(struct play *p, const char *name)
{
	for (unsigned i = 0; i < p->n_vars; i++)
		if (strcmp(p->var[i].name, name) == 0)
			return &p->var[i];
	return NULL;
}

static struct var *var_new(struct play *p, const char *name)
{
	struct var *v = &p->var[p->n_vars++];

	assert_true(p->n_vars <= CASE_VARS);
	snprintf(v->name, sizeof(v->name), "%s", name);
	return v;
}

void var_set_ip(struct play *p, const char *name, const struct sl_ip *ip)
{
	struct var *v = var_new(p, name);

	v->ip = *ip;
	v->is_ip = true;
}

void var_set_port(struct play *p, const char *name, uint16_t port)
{
	var_new(p, name)->port = port;
}

static void read_ip(struct play *p, const char *text, struct sl_ip *ip, char bind[16])
{
	const struct var *v;

	if (*text != '$') {
		if (sl_ip_parse(text, ip, NULL) < 0)
			case_fail(p, "'%s' is no address", text);
		return;
	}
	v = var_find(p, text);
	if (v)
		*ip = v->ip;
	else if (bind)
		snprintf(bind, 16, "%s", text);
	else
		case_fail(p, "%s has no value", text);
}

static void read_port(struct play *p, const char *text, uint16_t *port, char bind[16])
{
	const struct var *v;

	if (*text != '$') {
		*port = (uint16_t)atoi(text);
		return;
	}
	v = var_find(p, text);
	if (v)
		*port = v->port;
	else if (bind)
		snprintf(bind, 16, "%s", text);
	else
		case_fail(p, "%s has no value", text);
}

/* "IP:PORT", "[IP]:PORT", or "IP" alone where with_port is false. */
static void read_end(struct play *p, char *text, bool with_port, struct sl_ip *ip, uint16_t *port,
		     char *bind_ip, char *bind_port)
{
	char *colon = strrchr(text, ':');

	if (with_port) {
		if (!colon)
			case_fail(p, "'%s' has no port", text);
		*colon = '\0';
		if (*text == '[') {
			text++;
			colon[-1] = '\0';
		}
		read_port(p, colon + 1, port, bind_port);
	}
	read_ip(p, text, ip, bind_ip);
}

static uint8_t proto_of(struct play *p, const char *name)
{
	if (strcmp(name, "tcp") == 0)
		return PK_TCP;
	if (strcmp(name, "udp") == 0)
		return PK_UDP;
	if (strcmp(name, "icmp") != 0)
		case_fail(p, "'%s' is neither tcp, udp nor icmp", name);
	return PK_ICMP;
}

static void read_quote(struct play *p, char *text, struct pk_quote *q)
{
	char *part[5] = {text}, *save = NULL;
	bool ports;

	for (int i = 0; i < 5; i++)
		part[i] = strtok_r(i ? NULL : text, ",", &save);
	if (!part[3])
		case_fail(p, "write quote=PROTO,SOURCE,DESTINATION,BYTES");
	q->proto = proto_of(p, part[0]);
	ports = q->proto != PK_ICMP;
	read_end(p, part[1], ports, &q->src, &q->sport, NULL, NULL);
	read_end(p, part[2], ports, &q->dst, &q->dport, NULL, NULL);
	q->len = (uint32_t)atoi(part[3]);
	if (part[4]) {
		uint16_t id;

		read_port(p, part[4], &id, NULL);
		if (ports)
			q->seq = id;
		else
			q->sport = q->dport = id;
	}
	if (q->proto == PK_ICMP && !sl_ip_is_v4(&q->src))
		q->proto = PK_ICMP6;
}

static bool read_flags(const char *word, uint8_t *flags)
{
	static const char letters[] = "FSRPAU";

	*flags = 0;
	for (; *word; word++) {
		const char *at = strchr(letters, *word);

		if (!at)
			return false;
		*flags |= (uint8_t)(1u << (at - letters));
	}
	return true;
}

struct number {
	const char *name;
	size_t off, size;
	size_t said;
};

#define NUMBER(field)                                                                     \
	{                                                                                 \
#field, offsetof(struct words, p.field), sizeof(((struct pk *)0)->field), \
			offsetof(struct words, said.field)                                \
	}

static bool read_number(const char *word, const char *value, struct words *w)
{
	static const struct number numbers[] = {NUMBER(seq),  NUMBER(ack),   NUMBER(len),
						NUMBER(salt), NUMBER(ttl),   NUMBER(id),
						NUMBER(mtu),  NUMBER(pieces)};

	for (size_t i = 0; i < SL_ARRAY_LEN(numbers); i++) {
		uint32_t v = (uint32_t)strtoul(value, NULL, 0);

		if (strcmp(numbers[i].name, word) != 0)
			continue;
		memcpy((char *)w + numbers[i].off, &v, numbers[i].size);
		*(bool *)((char *)w + numbers[i].said) = true;
		return true;
	}
	return false;
}

static void read_icmp(struct play *p, const char *word, const char *value, struct words *w)
{
	bool v4 = sl_ip_is_v4(&w->p.src), reply = strcmp(word, "reply") == 0;
	char text[32], *slash;

	snprintf(text, sizeof(text), "%s", value);
	slash = strchr(text, '/');
	if (!slash)
		case_fail(p, "%s=%s: write two numbers with / between them", word, value);
	*slash++ = '\0';
	if (strcmp(word, "type") == 0) {
		w->p.type = (uint8_t)atoi(text);
		w->p.code = (uint8_t)atoi(slash);
		w->said.type = true;
		return;
	}
	w->p.type = (uint8_t)(v4 ? (reply ? 0 : 8) : reply ? 129 : 128);
	read_port(p, text, &w->p.echo, w->bind_sport);
	w->p.echo_no = (uint16_t)atoi(slash);
	w->said.type = w->said.echo = true;
}

static void read_value(struct play *p, char *word, char *value, struct words *w)
{
	if (read_number(word, value, w))
		return;
	if (strcmp(word, "cut") == 0) {
		w->cut_off = (uint32_t)atoi(value);
		w->cut_len = (uint32_t)atoi(strchr(value, '+') ? strchr(value, '+') : "0");
	} else if (strcmp(word, "quote") == 0) {
		read_quote(p, value, &w->p.quote);
		w->p.quoted = true;
	} else if (strcmp(word, "type") == 0 || strcmp(word, "echo") == 0 ||
		   strcmp(word, "reply") == 0) {
		read_icmp(p, word, value, w);
	} else {
		case_fail(p, "unknown word '%s='", word);
	}
}

static void read_word(struct play *p, char *word, struct words *w)
{
	char *value = strchr(word, '=');

	if (value) {
		*value = '\0';
		read_value(p, word, value + 1, w);
	} else if (strcmp(word, "df") == 0) {
		w->p.df = w->said.df = true;
	} else if (strcmp(word, "nocsum") == 0) {
		w->p.no_csum = w->said.nocsum = true;
	} else if (strcmp(word, "badcsum") == 0) {
		w->p.bad_csum = true;
	} else if (strcmp(word, "own") == 0) {
		w->said.own = true;
	} else if (read_flags(word, &w->p.flags)) {
		w->said.flags = true;
	} else {
		case_fail(p, "unknown word '%s'", word);
	}
}

void words_read(struct play *p, char *text, struct words *w)
{
	char *save = NULL, *word = strtok_r(text, " \t", &save), *src, *dst;
	bool ports;

	memset(w, 0, sizeof(*w));
	if (!word)
		case_fail(p, "a packet is missing");
	w->p.proto = proto_of(p, word);
	w->p.ttl = 64;
	w->p.salt = 1;
	ports = w->p.proto != PK_ICMP;
	src = strtok_r(NULL, " \t", &save);
	word = strtok_r(NULL, " \t", &save);
	dst = strtok_r(NULL, " \t", &save);
	if (!src || !word || strcmp(word, ">") != 0 || !dst)
		case_fail(p, "write SOURCE > DESTINATION");
	read_end(p, src, ports, &w->p.src, &w->p.sport, w->bind_src, w->bind_sport);
	read_end(p, dst, ports, &w->p.dst, &w->p.dport, w->bind_dst, w->bind_dport);
	if (w->p.proto == PK_ICMP && !sl_ip_is_v4(&w->p.dst))
		w->p.proto = PK_ICMP6;
	while ((word = strtok_r(NULL, " \t", &save)))
		read_word(p, word, w);
}

static const char *proto_name(uint8_t proto)
{
	return proto == PK_TCP ? "tcp" : proto == PK_UDP ? "udp" : "icmp";
}

static void flags_text(uint8_t flags, char out[9])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 6; i++)
		if (flags & 1u << i)
			out[n++] = "FSRPAU"[i];
	out[n] = '\0';
}

char *pk_text(const struct pk *p, char *buf, size_t cap)
{
	char src[SL_IP_PORT_TEXT_MAX], dst[SL_IP_PORT_TEXT_MAX], flags[9];
	int n;

	if (pk_is_icmp(p)) {
		n = snprintf(buf, cap, "icmp %s > %s type=%u/%u", sl_ip_format(&p->src, src),
			     sl_ip_format(&p->dst, dst), p->type, p->code);
		if (p->quoted)
			snprintf(buf + n, cap - (size_t)n, " quote=%s,%s,%s,%u",
				 proto_name(p->quote.proto),
				 sl_ip_port_format(&p->quote.src, p->quote.sport, src),
				 sl_ip_port_format(&p->quote.dst, p->quote.dport, dst),
				 p->quote.len);
		else
			snprintf(buf + n, cap - (size_t)n, " id=%u/%u", p->echo, p->echo_no);
		return buf;
	}
	flags_text(p->flags, flags);
	snprintf(buf, cap, "%s %s > %s %s seq=%u ack=%u len=%u ttl=%u pieces=%u",
		 proto_name(p->proto), sl_ip_port_format(&p->src, p->sport, src),
		 sl_ip_port_format(&p->dst, p->dport, dst), flags, p->seq, p->ack, p->len, p->ttl,
		 p->pieces);
	return buf;
}
