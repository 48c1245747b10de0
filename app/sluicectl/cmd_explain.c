/* SPDX-License-Identifier: BSD-3-Clause */
/* explain: takes a URL apart, asks the control process, prints its steps. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluicectl.h"

struct url {
	char host[1024]; /* for the Host header, port included */
	char address[SL_IP_TEXT_MAX];
	const char *target;
	int port;
};

static int parse_port(struct ctl *ctl, const char *word, int *port)
{
	char *end;
	long v = strtol(word, &end, 10);

	if (*word == '\0' || *end != '\0' || v < 1 || v > 65535)
		return ctl_usage(ctl, "A port is a number from 1 to 65535, not \"%s\".", word);
	*port = (int)v;
	return EXIT_OK;
}

/* An authority that is an IP address says where the packet goes, too. */
static int parse_authority(struct ctl *ctl, struct url *u)
{
	char name[sizeof(u->host)], *colon;
	struct sl_ip ip;
	int rc = EXIT_OK;

	snprintf(name, sizeof(name), "%s", u->host);
	colon = strrchr(name, ':');
	if (colon != NULL && strchr(colon, ']') == NULL) {
		*colon = '\0';
		rc = parse_port(ctl, colon + 1, &u->port);
	}
	if (rc != EXIT_OK)
		return rc;
	if (name[0] == '[' && name[strlen(name) - 1] == ']') {
		name[strlen(name) - 1] = '\0';
		memmove(name, name + 1, strlen(name));
	}
	if (name[0] == '\0' || strpbrk(name, "[]") != NULL)
		return ctl_usage(ctl,
				 "\"%s\" is no host; write a name, 192.0.2.1 or [2001:db8::1].",
				 u->host);
	if (sl_ip_parse(name, &ip, NULL) == 0)
		sl_ip_format(&ip, u->address);
	return EXIT_OK;
}

static int parse_url(struct ctl *ctl, const char *text, struct url *u)
{
	const char *p, *slash;

	*u = (struct url){.port = 80, .target = text};
	if (text[0] == '/')
		return EXIT_OK;
	if (strncmp(text, "https://", 8) == 0)
		return ctl_usage(ctl, "https is not served; write the URL with http://.");
	p = strncmp(text, "http://", 7) == 0 ? text + 7 : text;
	slash = strchr(p, '/');
	u->target = slash != NULL ? slash : "/";
	if (slash == NULL)
		slash = p + strlen(p);
	if (slash == p || (size_t)(slash - p) >= sizeof(u->host))
		return ctl_usage(ctl, "The host of the URL is missing or too long.");
	memcpy(u->host, p, (size_t)(slash - p));
	return parse_authority(ctl, u);
}

void explain_print(const json_t *answer)
{
	const json_t *step;
	size_t i;

	json_array_foreach(json_object_get(answer, "steps"), i, step)
	{
		const char *name = json_string_value(json_object_get(step, "step"));

		printf("%s%-*s %s\n", strcmp(name, "not") == 0 ? "  " : "",
		       strcmp(name, "not") == 0 ? 11 : 13, name,
		       json_string_value(json_object_get(step, "text")));
	}
}

static int ask(struct ctl *ctl, const struct url *u, const char *method, json_t *headers,
	       enum output out)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:i}", "cmd", "explain", "host", u->host,
				    "target", u->target, "port", u->port);
	json_t *answer;
	int rc;

	if (request == NULL)
		return ctl_usage(ctl, "Host or URL is not UTF-8 text.");
	json_object_set(request, "headers", headers);
	if (method != NULL)
		json_object_set_new(request, "method", json_string(method));
	if (u->address[0] != '\0')
		json_object_set_new(request, "address", json_string(u->address));
	rc = ctl_call(ctl, request, &answer);
	if (rc != EXIT_OK)
		return rc;
	json_object_del(answer, "ok");
	if (out == OUT_JSON) {
		out_json(answer);
	} else {
		explain_print(answer);
	}
	json_decref(answer);
	return EXIT_OK;
}

static bool wants_last(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--last", 6) == 0)
			return true;
	return false;
}

/* What the options say. */
struct question {
	const char *host, *port, *address, *method;
	json_t *headers;
	enum output out;
};

/* -H of curl: a header, or the Host alone. */
static int add_header(struct ctl *ctl, struct question *q, const char *text)
{
	if (strncasecmp(text, "Host:", 5) == 0)
		q->host = text + 5 + strspn(text + 5, " ");
	else if (strstr(text, ": ") == NULL)
		q->host = text;
	else if (json_array_append_new(q->headers, json_string(text)) != 0)
		return ctl_usage(ctl, "A header is not UTF-8 text.");
	return EXIT_OK;
}

static int parse_options(struct ctl *ctl, int argc, char **argv, struct question *q)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
					      {"host", required_argument, NULL, 'H'},
					      {"port", required_argument, NULL, 'p'},
					      {"address", required_argument, NULL, 'a'},
					      {"method", required_argument, NULL, 'X'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int opt, rc = EXIT_OK;

	while (rc == EXIT_OK &&
	       (opt = getopt_long(argc, argv, CTL_OPTS "o:H:X:", longs, NULL)) != -1) {
		if (opt == 'H')
			rc = add_header(ctl, q, optarg);
		else if (opt == 'X')
			q->method = optarg;
		else if (opt == 'p')
			q->port = optarg;
		else if (opt == 'a')
			q->address = optarg;
		else if (opt == 'o')
			rc = out_parse(ctl, optarg, "short|json", &q->out) != 0 ? EXIT_USAGE
										: EXIT_OK;
		else if ((rc = ctl_option(ctl, opt, optarg)) != 0)
			return rc;
	}
	return rc == EXIT_OK ? 0 : rc + 1;
}

static int explain(struct ctl *ctl, const char *url, const struct question *q)
{
	struct url u;
	int rc = parse_url(ctl, url, &u);

	if (rc == EXIT_OK && q->port != NULL)
		rc = parse_port(ctl, q->port, &u.port);
	if (rc != EXIT_OK)
		return rc;
	if (q->host != NULL)
		snprintf(u.host, sizeof(u.host), "%s", q->host);
	if (q->address != NULL)
		snprintf(u.address, sizeof(u.address), "%s", q->address);
	if (u.host[0] == '\0')
		return ctl_usage(ctl, "Say the Host with -H, or write the URL in full.");
	return ask(ctl, &u, q->method, q->headers, q->out);
}

int cmd_explain(struct ctl *ctl, int argc, char **argv)
{
	struct question q = {.headers = json_array(), .out = OUT_SHORT};
	int rc;

	if (wants_last(argc, argv)) {
		json_decref(q.headers);
		return explain_last(ctl, argc, argv);
	}
	rc = parse_options(ctl, argc, argv, &q);
	if (rc != 0)
		rc--;
	else if (argc - optind != 1)
		rc = ctl_usage(ctl, "Say one URL.");
	else
		rc = explain(ctl, argv[optind], &q);
	json_decref(q.headers);
	return rc;
}
