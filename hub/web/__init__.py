"""The pages: rendered on the server, alive with htmx, whole without script. One file a section; it parses, calls and
answers, and a template of the same name shows. What sections share: `shell`, `forms`, `places`, `words`, `locales`."""
