"""Lists, creates and changes records with the client that openapi-generator makes."""

import sys

import plinth_client
from plinth_client.models import FilmsCreate, FilmsUpdate

url, token = sys.argv[1:]
configuration = plinth_client.Configuration(host=url, api_key={"token": token})
with plinth_client.ApiClient(configuration) as client:
    films = plinth_client.FilmsApi(client)

    page = films.list_films(sort=["title"], filter="title ~ 'i'")
    titles = [film.title for film in page.items]
    assert titles == ["Ikiru", "Seven Samurai"], titles

    film = films.create_films(FilmsCreate(title="Ran", contact="ran@example.com", views=1, tags=["long"]))
    assert film.views == 1, film

    changes = FilmsUpdate.from_dict({"views+": 4, "+tags": ["silent"], "tags-": ["long"]})
    changed = films.update_films(film.id, films_update=changes)
    assert changed.views == 5, changed
    assert changed.tags == ["silent"], changed

    films.delete_films(film.id)
