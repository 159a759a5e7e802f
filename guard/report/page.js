// The page is complete without this: it turns the links to each view into two lists to choose from.
(function () {
  "use strict";
  var form = document.querySelector("form");
  var views = Array.prototype.slice.call(document.querySelectorAll("section.view"));
  if (!form || views.length < 2) return;
  var project = form.elements.project, branch = form.elements.branch;
  var all = "\u0000all";
  function value(view, name) {
    return view.hasAttribute("data-" + name) ? view.getAttribute("data-" + name) : all;
  }
  function fill(select, values, word) {
    var kept = select.value;
    select.textContent = "";
    [all].concat(values).forEach(function (one) {
      var option = document.createElement("option");
      option.value = one;
      option.textContent = one === all ? word : one || "(none)";
      select.appendChild(option);
    });
    select.value = values.indexOf(kept) < 0 ? all : kept;
  }
  function distinct(name, some) {
    var found = [];
    some.forEach(function (view) {
      var one = value(view, name);
      if (one !== all && found.indexOf(one) < 0) found.push(one);
    });
    return found;
  }
  var projects = distinct("project", views);
  var only = form.getAttribute("data-only-project");
  function branches() {
    var chosen = only === null ? project.value : only;
    fill(branch, distinct("branch", views.filter(function (view) { return value(view, "project") === chosen; })), "all branches");
    branch.parentNode.hidden = branch.options.length < 2;
  }
  function show() {
    var chosen = only === null ? project.value : branch.value === all ? all : only;
    var view = views.filter(function (one) {
      return value(one, "project") === chosen && value(one, "branch") === branch.value;
    })[0];
    if (view) location.hash = view.id;
  }
  function follow() {
    var view = document.getElementById(location.hash.slice(1));
    if (!view || views.indexOf(view) < 0) view = views[views.length - 1];
    if (only === null) project.value = value(view, "project");
    branches();
    branch.value = value(view, "branch");
  }
  fill(project, projects, "all projects");
  project.parentNode.hidden = only !== null;
  project.addEventListener("change", function () { branches(); branch.value = all; show(); });
  branch.addEventListener("change", show);
  window.addEventListener("hashchange", follow);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.hidden = false;
  follow();
})();
