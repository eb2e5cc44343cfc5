# Lists, creates and changes records with the client that openapi-generator makes.
require "plinth_client"
require "uri"

url, token = ARGV
PlinthClient.configure do |config|
  address = URI(url)
  config.scheme = address.scheme
  config.host = "#{address.host}:#{address.port}"
  config.base_path = ""
  config.api_key["Authorization"] = token
end
films = PlinthClient::FilmsApi.new

def equal(found, expected)
  raise "#{found.inspect} instead of #{expected.inspect}" unless found == expected
end

page = films.list_films(sort: ["title"], filter: "title ~ 'i'")
equal(page.items.map(&:title), ["Ikiru", "Seven Samurai"])

film = films.create_films(PlinthClient::FilmsCreate.new(title: "Ran", contact: "ran@example.com", views: 1, tags: ["long"]))
equal(film.views, 1)

# Modifiers have no members in the model: a hash carries them.
changes = { "views+": 4, "+tags": ["silent"], "tags-": ["long"] }
changed = films.update_films(film.id, films_update: changes)
equal(changed.views, 5)
equal(changed.tags, ["silent"])

films.delete_films(film.id)
