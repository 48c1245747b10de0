/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that -f names, read whole and bounded, on their way into a request. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "jsontext.h"
#include "sluicectl.h"

#define FILE_BYTES_MAX (16u << 20)

static int add_text(json_t *documents, const char *name, const char *text, size_t len)
{
	json_t *t = json_stringn(text, len);

	if (t == NULL)
		return ctl_fail(EXIT_REFUSED, "%s is not UTF-8 text.", name);
	json_array_append_new(documents,
			      json_pack("{s:o, s:o}", "name", json_text(name), "text", t));
	return EXIT_OK;
}

static int read_one(json_t *documents, const char *name, const char *path)
{
	struct sl_err err;
	char *text;
	size_t len;
	int rc;

	if (files_read(path, FILE_BYTES_MAX, &text, &len, &err) < 0)
		return ctl_fail(EXIT_REFUSED, "%s", err.text);
	rc = add_text(documents, name, text, len);
	free(text);
	return rc;
}

static int is_manifest(const struct dirent *e)
{
	return sl_objects_file(e->d_name);
}

static int read_folder(json_t *documents, const char *path)
{
	struct dirent **list;
	int n = scandir(path, &list, is_manifest, alphasort), rc = EXIT_OK;

	if (n < 0)
		return ctl_fail(EXIT_REFUSED, "%s cannot be read: %s.", path, strerror(errno));
	if (n == 0)
		rc = ctl_fail(EXIT_REFUSED, "The folder %s has no *.yaml and no *.yml.", path);
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s%s%s", path,
			 path[0] != '\0' && path[strlen(path) - 1] == '/' ? "" : "/",
			 list[i]->d_name);
		if (rc == EXIT_OK)
			rc = read_one(documents, file, file);
		free(list[i]);
	}
	free(list);
	return rc;
}

int documents_read(json_t *documents, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return read_one(documents, "standard input", "/dev/stdin");
	if (stat(path, &st) < 0)
		return ctl_fail(EXIT_REFUSED, "%s cannot be read: %s.", path, strerror(errno));
	return S_ISDIR(st.st_mode) ? read_folder(documents, path) : read_one(documents, path, path);
}

void documents_report(const json_t *answer)
{
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(answer, "objects"), i, o)
	{
		const char *result = json_string_value(json_object_get(o, "result"));
		bool ignored = result != NULL && strcmp(result, "ignored") == 0;

		printf("%s %s%s\n", json_string_value(json_object_get(o, "object")), result,
		       ignored ? " (belongs to an application)" : "");
	}
	fflush(stdout);
	json_array_foreach(json_object_get(answer, "warnings"), i, o)
		fprintf(stderr, "warning: %s\n", json_string_value(o));
}
