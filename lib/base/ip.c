/* SPDX-License-Identifier: BSD-3-Clause */
/* Text forms of IP addresses, prefixes and transport endpoints. */
#include "sl_ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

bool sl_ip_is_any(const struct sl_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->b, zero, 16) == 0 ||
	       (sl_ip_is_v4(ip) && memcmp(ip->b + 12, zero, 4) == 0);
}

bool sl_prefix_contains(const struct sl_prefix *prefix, const struct sl_ip *ip)
{
	unsigned len = prefix->len > 128 ? 128 : prefix->len;
	unsigned whole = len / 8, rest = len % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(prefix->ip.b, ip->b, whole) != 0)
		return false;
	return rest == 0 || ((prefix->ip.b[whole] ^ ip->b[whole]) & mask) == 0;
}

/** Decimal number of digits only, no sign, no leading zero; -1 when it is none or above max. */
static long decimal(const char *text, long max)
{
	long v = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		v = v * 10 + (*text - '0');
		if (v > max)
			return -1;
	}
	return v;
}

static int parse(const char *text, struct sl_ip *ip)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ip = sl_ip_from_v4(v4.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		memcpy(ip->b, &v6, 16);
		return 0;
	}
	return -EINVAL;
}

int sl_ip_parse(const char *text, struct sl_ip *ip, struct sl_err *err)
{
	if (parse(text, ip) < 0)
		return sl_err(err, EINVAL,
			      "'%.100s' is not an IP address; write e.g. 10.0.0.1 or 2001:db8::1",
			      text);
	return 0;
}

/** Copies text[0..n) as a string. @return false when it doesn't fit. */
static bool cut(char *buf, size_t cap, const char *text, size_t n)
{
	if (n >= cap)
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return true;
}

int sl_prefix_parse(const char *text, struct sl_prefix *prefix, struct sl_err *err)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char addr[SL_IP_TEXT_MAX];
	bool v4_text;
	long len;

	if (!cut(addr, sizeof(addr), text, n) || parse(addr, &prefix->ip) < 0)
		goto bad;
	v4_text = !strchr(addr, ':');
	len = slash ? decimal(slash + 1, v4_text ? 32 : 128) : v4_text ? 32 : 128;
	if (len < 0)
		goto bad;
	prefix->len = (uint8_t)(v4_text ? len + 96 : len);
	return 0;
bad:
	return sl_err(err, EINVAL,
		      "'%.100s' is not an address range; write e.g. 10.0.0.0/8 or 2001:db8::/32",
		      text);
}

int sl_ip_port_parse(const char *text, struct sl_ip_port *out, struct sl_err *err)
{
	const char *colon = strrchr(text, ':');
	char addr[SL_IP_TEXT_MAX];
	bool brackets = text[0] == '[';
	const char *end = colon;
	long port;

	if (!colon)
		goto bad;
	if (brackets) {
		if (colon - text < 2 || colon[-1] != ']')
			goto bad;
		end--;
		text++;
	}
	/* An IPv6 address without brackets leaves open where its port begins: refused. */
	if (!cut(addr, sizeof(addr), text, (size_t)(end - text)) ||
	    brackets != (strchr(addr, ':') != NULL) || parse(addr, &out->ip) < 0)
		goto bad;
	port = decimal(colon + 1, UINT16_MAX);
	if (port < 0)
		goto bad;
	out->port = (uint16_t)port;
	return 0;
bad:
	return sl_err(err, EINVAL,
		      "'%.100s' is not an address with a port; write e.g. 10.0.0.1:80 or "
		      "[2001:db8::1]:80",
		      brackets && *text != '[' ? text - 1 : text);
}

/** First and length of the longest run of two or more zero groups (RFC 5952 4.2); 8: none. */
static int zero_run(const uint16_t group[8], int *len)
{
	int best = 8;

	*len = 1; /* a single group is not shortened (4.2.2); the first of equals wins (4.2.3) */
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && group[i + n] == 0)
			n++;
		if (n > *len) {
			*len = n;
			best = i;
		}
		i += n;
	}
	return best;
}

/** Written by hand: three addresses of a request are put into words. */
static void v4_format(const uint8_t b[4], char *p)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		if (b[i] >= 100)
			*p++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*p++ = (char)('0' + b[i] / 10 % 10);
		*p++ = (char)('0' + b[i] % 10);
	}
	*p = '\0';
}

char *sl_ip_format(const struct sl_ip *ip, char buf[SL_IP_TEXT_MAX])
{
	uint16_t group[8];
	int run, len, n = 0;

	if (sl_ip_is_v4(ip)) {
		v4_format(ip->b + 12, buf);
		return buf;
	}
	for (int i = 0; i < 8; i++)
		group[i] = (uint16_t)(ip->b[2 * i] << 8 | ip->b[2 * i + 1]);
	run = zero_run(group, &len);
	buf[0] = '\0';
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			n += snprintf(buf + n, SL_IP_TEXT_MAX - (size_t)n, "::");
			i += len - 1;
			continue;
		}
		n += snprintf(buf + n, SL_IP_TEXT_MAX - (size_t)n, "%s%x",
			      i == 0 || i == run + len ? "" : ":", group[i]);
	}
	return buf;
}

char *sl_ip_port_format(const struct sl_ip *ip, uint16_t port, char buf[SL_IP_PORT_TEXT_MAX])
{
	char addr[SL_IP_TEXT_MAX];
	bool v4 = sl_ip_is_v4(ip);

	snprintf(buf, SL_IP_PORT_TEXT_MAX, v4 ? "%s:%u" : "[%s]:%u", sl_ip_format(ip, addr), port);
	return buf;
}
