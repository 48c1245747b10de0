/* SPDX-License-Identifier: BSD-3-Clause */
/* get: Kubernetes and Istio objects in tables as kubectl prints them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kinds.h"
#include "sl_str.h"
#include "sluicectl.h"

#define CELL_MAX 1024

static const char *text(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL && s[0] != '\0' ? s : otherwise;
}

static const json_t *spec_of(const json_t *item)
{
	return json_object_get(json_object_get(item, "object"), "spec");
}

static void append(char *cell, const char *separator, const char *word)
{
	size_t n = strlen(cell);

	snprintf(cell + n, CELL_MAX - n, "%s%s", n > 0 ? separator : "", word);
}

/* ["a","b"] as kubectl prints a list column. */
static void list_cell(const json_t *list, char *cell)
{
	char *dump = json_is_array(list) ? json_dumps(list, JSON_COMPACT) : NULL;

	snprintf(cell, CELL_MAX, "%s", dump != NULL ? dump : "");
	free(dump);
}

static void gateway_hosts(const json_t *item, char *cell)
{
	const json_t *server, *host;
	size_t i, k;

	json_array_foreach(json_object_get(spec_of(item), "servers"), i, server)
		json_array_foreach(json_object_get(server, "hosts"), k, host)
			append(cell, ",", json_string_value(host) ? json_string_value(host) : "?");
}

static void gateway_ports(const json_t *item, char *cell)
{
	const json_t *server;
	char word[128];
	size_t i;

	json_array_foreach(json_object_get(spec_of(item), "servers"), i, server)
	{
		const json_t *port = json_object_get(server, "port");

		snprintf(word, sizeof(word), "%lld/%s",
			 (long long)json_integer_value(json_object_get(port, "number")),
			 text(port, "protocol", "?"));
		append(cell, ",", word);
	}
}

static void vs_gateways(const json_t *item, char *cell)
{
	list_cell(json_object_get(spec_of(item), "gateways"), cell);
}

static void vs_hosts(const json_t *item, char *cell)
{
	list_cell(json_object_get(spec_of(item), "hosts"), cell);
}

static void svc_type(const json_t *item, char *cell)
{
	append(cell, "", text(spec_of(item), "type", "ClusterIP"));
}

static void svc_ip(const json_t *item, char *cell)
{
	append(cell, "", text(spec_of(item), "clusterIP", "<none>"));
}

static void svc_external(const json_t *item, char *cell)
{
	const json_t *spec = spec_of(item), *ip;
	size_t i;

	json_array_foreach(json_object_get(spec, "externalIPs"), i, ip)
		append(cell, ",", json_string_value(ip) ? json_string_value(ip) : "?");
	if (cell[0] == '\0')
		append(cell, "", text(spec, "loadBalancerIP", "<none>"));
}

static void svc_ports(const json_t *item, char *cell)
{
	const json_t *port;
	char word[64];
	size_t i;

	json_array_foreach(json_object_get(spec_of(item), "ports"), i, port)
	{
		long long node = json_integer_value(json_object_get(port, "nodePort"));
		long long n = json_integer_value(json_object_get(port, "port"));
		const char *proto = text(port, "protocol", "TCP");

		if (node != 0)
			snprintf(word, sizeof(word), "%lld:%lld/%s", n, node, proto);
		else
			snprintf(word, sizeof(word), "%lld/%s", n, proto);
		append(cell, ",", word);
	}
}

/* Every address with every port; three, then how many there are besides. */
static void ep_endpoints(const json_t *item, char *cell)
{
	const json_t *subset, *address, *port;
	unsigned n = 0;
	size_t i, k, p;
	char word[128];

	json_array_foreach(json_object_get(json_object_get(item, "object"), "subsets"), i, subset)
		json_array_foreach(json_object_get(subset, "addresses"), k, address)
			json_array_foreach(json_object_get(subset, "ports"), p, port)
	{
		if (n++ >= 3)
			continue;
		snprintf(word, sizeof(word), "%s:%lld", text(address, "ip", "?"),
			 (long long)json_integer_value(json_object_get(port, "port")));
		append(cell, ",", word);
	}
	if (n == 0)
		append(cell, "", "<none>");
	if (n > 3) {
		snprintf(word, sizeof(word), " + %u more...", n - 3);
		append(cell, "", word);
	}
}

static void selector_cell(const json_t *item, char *cell)
{
	const char *key;
	json_t *value;
	char word[256];

	json_object_foreach(json_object_get(spec_of(item), "selector"), key, value)
	{
		snprintf(word, sizeof(word), "%s=%s", key,
			 json_string_value(value) ? json_string_value(value) : "?");
		append(cell, ",", word);
	}
	if (cell[0] == '\0')
		append(cell, "", "<none>");
}

/* Names as kubectl shows those of an Ingress: three, then how many there are besides. */
static void three(char *cell, const char *word, unsigned *n)
{
	if ((*n)++ < 3)
		append(cell, ",", word);
}

static void ing_class(const json_t *item, char *cell)
{
	const json_t *meta = json_object_get(json_object_get(item, "object"), "metadata");
	const char *old =
		text(json_object_get(meta, "annotations"), "kubernetes.io/ingress.class", "<none>");

	append(cell, "", text(spec_of(item), "ingressClassName", old));
}

static void ing_hosts(const json_t *item, char *cell)
{
	const json_t *rule;
	unsigned n = 0;
	char word[32];
	size_t i;

	json_array_foreach(json_object_get(spec_of(item), "rules"), i,
			   rule) if (text(rule, "host", NULL) != NULL)
		three(cell, text(rule, "host", ""), &n);
	if (n == 0)
		append(cell, "", "*");
	if (n > 3) {
		snprintf(word, sizeof(word), " + %u more...", n - 3);
		append(cell, "", word);
	}
}

static void ing_address(const json_t *item, char *cell)
{
	const json_t *status = json_object_get(json_object_get(item, "object"), "status"), *point;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(status, "loadBalancer"), "ingress"), i,
			   point)
		append(cell, ",", text(point, "ip", text(point, "hostname", "?")));
}

static void ing_ports(const json_t *item, char *cell)
{
	bool tls = json_array_size(json_object_get(spec_of(item), "tls")) > 0;

	append(cell, "", tls ? "80, 443" : "80");
}

static void class_controller(const json_t *item, char *cell)
{
	append(cell, "", text(spec_of(item), "controller", ""));
}

static void class_parameters(const json_t *item, char *cell)
{
	const json_t *p = json_object_get(spec_of(item), "parameters");

	append(cell, "", p != NULL ? text(p, "kind", "?") : "<none>");
	if (p != NULL)
		append(cell, "/", text(p, "name", "?"));
}

static void ns_status(const json_t *item, char *cell)
{
	const json_t *status = json_object_get(json_object_get(item, "object"), "status");

	append(cell, "", text(status, "phase", "Active"));
}

static void api_class(const json_t *item, char *cell)
{
	append(cell, "", text(spec_of(item), "gatewayClassName", ""));
}

static void api_address(const json_t *item, char *cell)
{
	const json_t *address;
	size_t i;

	json_array_foreach(json_object_get(spec_of(item), "addresses"), i, address)
		append(cell, ",", text(address, "value", "?"));
}

static void api_ports(const json_t *item, char *cell)
{
	const json_t *l;
	char word[128];
	size_t i;

	json_array_foreach(json_object_get(spec_of(item), "listeners"), i, l)
	{
		snprintf(word, sizeof(word), "%lld/%s",
			 (long long)json_integer_value(json_object_get(l, "port")),
			 text(l, "protocol", "?"));
		append(cell, ",", word);
	}
}

static void api_controller(const json_t *item, char *cell)
{
	append(cell, "", text(spec_of(item), "controllerName", ""));
}

static void route_hostnames(const json_t *item, char *cell)
{
	list_cell(json_object_get(spec_of(item), "hostnames"), cell);
}

static void source_cell(const json_t *item, char *cell)
{
	snprintf(cell, CELL_MAX, "%s:%lld", text(item, "file", "?"),
		 (long long)json_integer_value(json_object_get(item, "line")));
}

struct column {
	const char *head;
	void (*cell)(const json_t *item, char *cell); /* cell is empty and CELL_MAX long */
	bool wide;
};

static const struct kind {
	const char *name;
	struct column column[8]; /* ends with a NULL head */
} kinds[] = {
	{"Gateway",
	 {{"HOSTS", gateway_hosts, false},
	  {"PORTS", gateway_ports, false},
	  {"SELECTOR", selector_cell, true},
	  {"SOURCE", source_cell, true}}},
	{"VirtualService",
	 {{"GATEWAYS", vs_gateways, false},
	  {"HOSTS", vs_hosts, false},
	  {"SOURCE", source_cell, true}}},
	{"Service",
	 {{"TYPE", svc_type, false},
	  {"CLUSTER-IP", svc_ip, false},
	  {"EXTERNAL-IP", svc_external, false},
	  {"PORT(S)", svc_ports, false},
	  {"SELECTOR", selector_cell, true},
	  {"SOURCE", source_cell, true}}},
	{"Endpoints", {{"ENDPOINTS", ep_endpoints, false}, {"SOURCE", source_cell, true}}},
	{"Ingress",
	 {{"CLASS", ing_class, false},
	  {"HOSTS", ing_hosts, false},
	  {"ADDRESS", ing_address, false},
	  {"PORTS", ing_ports, false},
	  {"SOURCE", source_cell, true}}},
	{"IngressClass",
	 {{"CONTROLLER", class_controller, false},
	  {"PARAMETERS", class_parameters, false},
	  {"SOURCE", source_cell, true}}},
	{"Namespace", {{"STATUS", ns_status, false}, {"SOURCE", source_cell, true}}},
	{"Gateway.gateway.networking.k8s.io",
	 {{"CLASS", api_class, false},
	  {"ADDRESS", api_address, false},
	  {"PORTS", api_ports, true},
	  {"SOURCE", source_cell, true}}},
	{"GatewayClass", {{"CONTROLLER", api_controller, false}, {"SOURCE", source_cell, true}}},
	{"HTTPRoute", {{"HOSTNAMES", route_hostnames, false}, {"SOURCE", source_cell, true}}},
	{"", {{"SOURCE", source_cell, true}}},
};

static const struct kind *kind_of(const char *name)
{
	size_t i = 0;

	while (kinds[i].name[0] != '\0' && strcasecmp(kinds[i].name, name) != 0)
		i++;
	return &kinds[i];
}

struct get {
	bool one_ns, all_kinds;
	enum output out;
};

/* "virtualservice/simple" where kinds stand together, as kubectl does. */
static void name_cell(const struct get *g, const json_t *item, char *cell)
{
	if (!g->all_kinds) {
		snprintf(cell, CELL_MAX, "%s", text(item, "name", ""));
		return;
	}
	snprintf(cell, CELL_MAX, "%s/%s", text(item, "kind", ""), text(item, "name", ""));
	for (char *p = cell; *p != '\0' && *p != '/'; p++)
		*p = sl_lower(*p);
}

/* One row; item NULL: the heads. */
static void row(struct table *t, const struct get *g, const struct kind *k, const json_t *item)
{
	char cell[10][CELL_MAX];
	const char *cells[10];
	unsigned n = 0;

	memset(cell, 0, sizeof(cell));
	if (!g->one_ns)
		snprintf(cell[n++], CELL_MAX, "%s",
			 item != NULL ? text(item, "namespace", "") : "NAMESPACE");
	if (item != NULL)
		name_cell(g, item, cell[n++]);
	else
		snprintf(cell[n++], CELL_MAX, "NAME");
	for (size_t i = 0; k->column[i].head != NULL; i++) {
		if (k->column[i].wide && g->out != OUT_WIDE)
			continue;
		if (item != NULL)
			k->column[i].cell(item, cell[n++]);
		else
			snprintf(cell[n++], CELL_MAX, "%s", k->column[i].head);
	}
	for (unsigned i = 0; i < n; i++)
		cells[i] = cell[i];
	table_row(t, cells);
}

static unsigned columns(const struct get *g, const struct kind *k)
{
	unsigned n = g->one_ns ? 1 : 2;

	for (size_t i = 0; k->column[i].head != NULL; i++)
		n += !k->column[i].wide || g->out == OUT_WIDE;
	return n;
}

/* Items come sorted by kind: one table for each. */
static void print_tables(const struct get *g, const json_t *items)
{
	struct table *t = NULL;
	const char *last = "";
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		const char *name = text(item, "kind", "");
		const struct kind *k = kind_of(name);

		if (strcasecmp(name, last) != 0) {
			table_print(t);
			if (t != NULL)
				putchar('\n');
			t = table_create(columns(g, k), 3);
			row(t, g, k, NULL);
			last = name;
		}
		row(t, g, k, item);
	}
	table_print(t);
}

static void print_names(const json_t *items)
{
	struct get g = {.all_kinds = true};
	const json_t *item;
	char cell[CELL_MAX];
	size_t i;

	json_array_foreach(items, i, item)
	{
		name_cell(&g, item, cell);
		puts(cell);
	}
}

static void print_yaml(const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		const char *yaml = text(item, "yaml", "");
		size_t n = strlen(yaml);

		if (i > 0)
			puts("---");
		fputs(yaml, stdout);
		if (n > 0 && yaml[n - 1] != '\n')
			putchar('\n');
	}
}

static void print_json(const json_t *items, bool single)
{
	json_t *list = json_array(), *whole;
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item) json_array_append(list, json_object_get(item, "object"));
	if (single && json_array_size(list) == 1)
		whole = json_incref(json_array_get(list, 0));
	else
		whole = json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items",
				  list);
	out_json(whole);
	json_decref(whole);
	json_decref(list);
}

static int print_answer(const struct get *g, const char *kind, const char *name,
			const json_t *items)
{
	if (json_array_size(items) == 0 && name != NULL)
		return ctl_fail(EXIT_REFUSED, "There is no %s \"%s\".", kind, name);
	if (g->out == OUT_YAML)
		print_yaml(items);
	else if (g->out == OUT_JSON)
		print_json(items, name != NULL);
	else if (g->out == OUT_NAME)
		print_names(items);
	else if (json_array_size(items) == 0)
		fputs("No objects found.\n", stderr);
	else
		print_tables(g, items);
	return EXIT_OK;
}

static int get(struct ctl *ctl, struct get *g, const char *kind, const char *name, const char *ns)
{
	json_t *request = json_pack("{s:s, s:s, s:b}", "cmd", "get", "kind", kind_resolve(kind),
				    "yaml", g->out == OUT_YAML);
	json_t *answer;
	int rc;

	if (name != NULL)
		json_object_set_new(request, "name", json_string(name));
	if (ns != NULL)
		json_object_set_new(request, "namespace", json_string(ns));
	g->one_ns = ns != NULL;
	g->all_kinds = strcasecmp(kind, "all") == 0;
	rc = ctl_call(ctl, request, &answer);
	if (rc != EXIT_OK)
		return rc;
	rc = print_answer(g, kind, name, json_object_get(answer, "items"));
	json_decref(answer);
	return rc;
}

int cmd_get(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
					      {"namespace", required_argument, NULL, 'n'},
					      {"all-namespaces", no_argument, NULL, 'A'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct get g = {.out = OUT_SHORT};
	const char *ns = NULL;
	int opt, rc = 0;

	while (rc == 0 && (opt = getopt_long(argc, argv, CTL_OPTS "o:n:A", longs, NULL)) != -1) {
		if (opt == 'o' && out_parse(ctl, optarg, "yaml|json|wide|name", &g.out) != 0)
			return EXIT_USAGE;
		if (opt == 'n' || opt == 'A')
			ns = opt == 'n' ? optarg : NULL;
		else if (opt != 'o')
			rc = ctl_option(ctl, opt, optarg);
	}
	if (rc != 0)
		return rc - 1;
	if (argc - optind < 1 || argc - optind > 2)
		return ctl_usage(ctl, "Say which kind, and at most one name.");
	if (strcasecmp(argv[optind], "iptables") == 0 || strcasecmp(argv[optind], "ip6tables") == 0)
		return get_iptables(ctl, strcasecmp(argv[optind], "iptables") == 0 ? 4 : 6);
	return get(ctl, &g, argv[optind], optind + 1 < argc ? argv[optind + 1] : NULL, ns);
}
