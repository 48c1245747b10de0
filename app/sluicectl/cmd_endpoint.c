/* SPDX-License-Identifier: BSD-3-Clause */
/* endpoint drain, undrain, weight: applies or deletes an EndpointSetting, which is kept like all
 * that is applied. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sl_base.h"
#include "sluicectl.h"

struct setting {
	const char *what; /* drain or weight */
	const char *cluster;
	struct sl_ip_port addr;
	char text[SL_IP_PORT_TEXT_MAX]; /* of addr */
	char name[128];                 /* of the object */
};

/* One object a setting: "drain-10.0.0.1-80", with a mark behind it when it is of one cluster. */
static void set_name(struct setting *s)
{
	char ip[SL_IP_TEXT_MAX];
	int n;

	sl_ip_format(&s->addr.ip, ip);
	for (char *p = ip; *p; p++)
		if (*p == ':')
			*p = '-';
	n = snprintf(s->name, sizeof(s->name), "%s-%s-%u", s->what, ip, s->addr.port);
	if (s->cluster != NULL)
		snprintf(s->name + n, sizeof(s->name) - (size_t)n, "-%08x",
			 (uint32_t)sl_fnv1a(0, s->cluster, strlen(s->cluster)));
}

/* An address that no cluster has is most likely a typing error. */
static int check_known(struct ctl *ctl, const struct setting *s)
{
	char ip[SL_IP_TEXT_MAX];
	json_t *request =
		json_pack("{s:s, s:s, s:s, s:i}", "cmd", "pc", "view", "endpoint", "address",
			  sl_ip_format(&s->addr.ip, ip), "port", (int)s->addr.port);
	json_t *answer;
	size_t n;
	int rc;

	if (s->cluster != NULL)
		json_object_set_new(request, "cluster", json_string(s->cluster));
	rc = ctl_call(ctl, request, &answer);
	if (rc != EXIT_OK)
		return rc;
	n = json_array_size(json_object_get(answer, "rows"));
	json_decref(answer);
	if (n == 0)
		return ctl_fail(EXIT_REFUSED,
				"No cluster%s%s has an endpoint %s; `sluicectl pc endpoint` lists "
				"them.",
				s->cluster != NULL ? " of name " : "",
				s->cluster != NULL ? s->cluster : "", s->text);
	return EXIT_OK;
}

static int set(struct ctl *ctl, const struct setting *s, const char *spec)
{
	int rc = check_known(ctl, s);
	json_t *object, *documents;
	char *text;

	if (rc != EXIT_OK)
		return rc;
	object = json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "apiVersion", "sluice/v1", "kind",
			   "EndpointSetting", "metadata", "name", s->name, "spec", "address",
			   s->text);
	if (s->cluster != NULL)
		json_object_set_new(json_object_get(object, "spec"), "cluster",
				    json_string(s->cluster));
	json_object_set_new(json_object_get(object, "spec"), s->what,
			    spec != NULL ? json_integer(strtol(spec, NULL, 10)) : json_true());
	text = json_dumps(object, 0); /* JSON is YAML */
	json_decref(object);
	documents = json_pack("[{s:s, s:s}]", "name", "sluicectl endpoint", "text",
			      text != NULL ? text : "");
	free(text);
	return ctl_change(
		ctl,
		json_pack("{s:s, s:o, s:b}", "cmd", "apply", "documents", documents, "prune", 0),
		NULL);
}

static int unset(struct ctl *ctl, const struct setting *s)
{
	return ctl_change(ctl,
			  json_pack("{s:s, s:s, s:s, s:s}", "cmd", "delete", "kind",
				    "EndpointSetting", "name", s->name, "namespace", ""),
			  NULL);
}

static int weight_ok(struct ctl *ctl, const char *word)
{
	char *end;
	long n = strtol(word, &end, 10);

	if (*end == '\0' && n >= 1 && n <= 65536)
		return EXIT_OK;
	return ctl_usage(ctl, "A weight is a number from 1 to 65536 or \"default\", not \"%s\".",
			 word);
}

static int run(struct ctl *ctl, int n, char **word, const char *cluster)
{
	struct setting s = {.cluster = cluster};
	bool weight = strcmp(word[0], "weight") == 0, undrain = strcmp(word[0], "undrain") == 0;
	struct sl_err why;

	if (!weight && !undrain && strcmp(word[0], "drain") != 0)
		return ctl_usage(ctl, "Say drain, undrain or weight, not \"%s\".", word[0]);
	if (n != (weight ? 3 : 2))
		return ctl_usage(ctl, "%s takes ADDRESS:PORT%s.", word[0],
				 weight ? " and a number" : "");
	if (sl_ip_port_parse(word[1], &s.addr, &why) < 0 || s.addr.port == 0)
		return ctl_usage(ctl, "\"%s\" is no ADDRESS:PORT.", word[1]);
	sl_ip_port_format(&s.addr.ip, s.addr.port, s.text);
	s.what = weight ? "weight" : "drain";
	set_name(&s);
	if (undrain || (weight && strcmp(word[2], "default") == 0))
		return unset(ctl, &s);
	if (weight && weight_ok(ctl, word[2]) != EXIT_OK)
		return EXIT_USAGE;
	return set(ctl, &s, weight ? word[2] : NULL);
}

int cmd_endpoint(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
		{"cluster", required_argument, NULL, 'C'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *cluster = NULL;
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS, longs, NULL)) != -1) {
		if (opt == 'C')
			cluster = optarg;
		else
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc == 0 && optind == argc)
		rc = ctl_usage(ctl, "Say drain, undrain or weight.") + 1;
	return rc != 0 ? rc - 1 : run(ctl, argc - optind, argv + optind, cluster);
}
