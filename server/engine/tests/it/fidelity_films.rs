//! A shop for films, in the manner of the example that both families have shipped for twenty years: references in
//! circles, views on views, several triggers on one event, routines that call each other, events, text to search, places
//! on a map, and owners of many kinds.

use domain::sources::ServerFamily;

/// Statements that make it in database `name`.
pub fn films(name: &str, family: ServerFamily) -> Vec<String> {
    let mut statements: Vec<String> = vec![
        "CREATE USER clerk@'%', manager@localhost, 'the boss'@'10.%'".into(),
        // Here and in the copy: whoever owns a view must have what it shows.
        "GRANT ALL PRIVILEGES ON `fidelity\\_%`.* TO clerk@'%', manager@localhost, 'the boss'@'10.%'".into(),
        format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        format!("USE {name}"),
        "SET NAMES utf8mb4".into(),
        "SET SESSION foreign_key_checks=0, time_zone='+00:00', sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO'".into(),
    ];
    let rest = [
        "CREATE TABLE actor (actor_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT, first_name VARCHAR(45) NOT NULL, last_name VARCHAR(45) NOT NULL, \
         last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (actor_id), KEY idx_actor_last_name (last_name))",
        "CREATE TABLE country (country_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, country VARCHAR(50) NOT NULL)",
        "CREATE TABLE city (city_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, city VARCHAR(50) NOT NULL, country_id SMALLINT UNSIGNED NOT NULL, \
         KEY idx_fk_country_id (country_id), CONSTRAINT fk_city_country FOREIGN KEY (country_id) REFERENCES country (country_id) ON DELETE RESTRICT ON UPDATE CASCADE)",
        "CREATE TABLE address (address_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, address VARCHAR(50) NOT NULL, district VARCHAR(20) NOT NULL, city_id SMALLINT UNSIGNED NOT NULL, \
         location GEOMETRY NOT NULL, SPATIAL KEY idx_location (location), KEY idx_fk_city_id (city_id), CONSTRAINT fk_address_city FOREIGN KEY (city_id) REFERENCES city (city_id) ON UPDATE CASCADE)",
        "CREATE TABLE film (film_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, title VARCHAR(128) NOT NULL, description TEXT, release_year YEAR, \
         rental_rate DECIMAL(4,2) NOT NULL DEFAULT 4.99, length SMALLINT UNSIGNED, rating ENUM('G','PG','PG-13','R','NC-17') DEFAULT 'G', \
         special_features SET('Trailers','Commentaries','Deleted Scenes','Behind the Scenes'), original_id SMALLINT UNSIGNED, \
         KEY idx_title (title), KEY idx_original (original_id), CONSTRAINT fk_film_original FOREIGN KEY (original_id) REFERENCES film (film_id) ON DELETE SET NULL)",
        "CREATE TABLE film_actor (actor_id SMALLINT UNSIGNED NOT NULL, film_id SMALLINT UNSIGNED NOT NULL, PRIMARY KEY (actor_id,film_id), KEY idx_fk_film_id (film_id), \
         CONSTRAINT fk_film_actor_actor FOREIGN KEY (actor_id) REFERENCES actor (actor_id) ON UPDATE CASCADE, CONSTRAINT fk_film_actor_film FOREIGN KEY (film_id) REFERENCES film (film_id) ON DELETE CASCADE)",
        "CREATE TABLE film_text (film_id SMALLINT NOT NULL PRIMARY KEY, title VARCHAR(255) NOT NULL, description TEXT, FULLTEXT KEY idx_title_description (title,description))",
        "CREATE TABLE store (store_id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, manager_staff_id TINYINT UNSIGNED NOT NULL, address_id SMALLINT UNSIGNED NOT NULL, \
         UNIQUE KEY idx_unique_manager (manager_staff_id), KEY idx_fk_address_id (address_id), CONSTRAINT fk_store_staff FOREIGN KEY (manager_staff_id) REFERENCES staff (staff_id), \
         CONSTRAINT fk_store_address FOREIGN KEY (address_id) REFERENCES address (address_id))",
        "CREATE TABLE staff (staff_id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, first_name VARCHAR(45) NOT NULL, picture BLOB, store_id TINYINT UNSIGNED NOT NULL, \
         password VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL, KEY idx_fk_store_id (store_id), CONSTRAINT fk_staff_store FOREIGN KEY (store_id) REFERENCES store (store_id) ON UPDATE CASCADE)",
        "CREATE TABLE inventory (inventory_id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, film_id SMALLINT UNSIGNED NOT NULL, store_id TINYINT UNSIGNED NOT NULL, KEY idx_fk_film_id (film_id), \
         KEY idx_store_id_film_id (store_id,film_id), CONSTRAINT fk_inventory_store FOREIGN KEY (store_id) REFERENCES store (store_id), CONSTRAINT fk_inventory_film FOREIGN KEY (film_id) REFERENCES film (film_id))",
        "CREATE TABLE rental (rental_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, rental_date DATETIME NOT NULL, inventory_id MEDIUMINT UNSIGNED NOT NULL, customer_id SMALLINT UNSIGNED NOT NULL, return_date DATETIME, \
         UNIQUE KEY rental_date (rental_date,inventory_id,customer_id), KEY idx_fk_inventory_id (inventory_id), CONSTRAINT fk_rental_inventory FOREIGN KEY (inventory_id) REFERENCES inventory (inventory_id))",
        "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200))",
        "INSERT INTO country (country) VALUES ('\u{d6}sterreich'),('\u{65e5}\u{672c}')",
        "INSERT INTO city (city, country_id) VALUES ('Wien',1),('\u{6771}\u{4eac}',2)",
        "INSERT INTO address (address, district, city_id, location) VALUES ('47 MySakila Drive','Alberta',1,ST_GeomFromText('POINT(16.37 48.2)')),('28 MySQL Boulevard','QLD',2,ST_GeomFromText('POINT(139.7 35.6)'))",
        "INSERT INTO staff VALUES (1,'Mike',x'89504e470d0a1a0a00',1,'8cb2237d'),(2,'Jon',NULL,2,NULL)",
        "INSERT INTO store VALUES (1,1,1),(2,2,2)",
        "INSERT INTO actor (first_name, last_name) VALUES ('PENELOPE','GUINESS'),('NICK','WAHLBERG'),('ED','O''BRIEN')",
        "CREATE DEFINER=clerk@'%' TRIGGER ins_film AFTER INSERT ON film FOR EACH ROW BEGIN INSERT INTO film_text (film_id, title, description) VALUES (new.film_id, new.title, new.description); END",
        "CREATE DEFINER=manager@localhost TRIGGER ins_film_z AFTER INSERT ON film FOR EACH ROW FOLLOWS ins_film INSERT INTO log (what) VALUES (CONCAT('second: ', new.title, ' ; /* not a comment */ ''it''''s'''))",
        "CREATE TRIGGER ins_film_a AFTER INSERT ON film FOR EACH ROW FOLLOWS ins_film_z INSERT INTO log (what) VALUES (CONCAT('third: ', @@sql_mode))",
        "CREATE TRIGGER ins_film_first AFTER INSERT ON film FOR EACH ROW PRECEDES ins_film INSERT INTO log (what) VALUES ('first')",
        "CREATE TRIGGER upd_film AFTER UPDATE ON film FOR EACH ROW IF (old.title <> new.title) THEN UPDATE film_text SET title=new.title WHERE film_id=old.film_id; END IF",
        "CREATE TRIGGER del_film AFTER DELETE ON film FOR EACH ROW DELETE FROM film_text WHERE film_id=old.film_id",
        "CREATE TRIGGER `b``efore` BEFORE INSERT ON rental FOR EACH ROW SET NEW.rental_date=COALESCE(NEW.rental_date, NOW())",
        "INSERT INTO film (title, description, release_year, special_features, rating) VALUES ('ACADEMY DINOSAUR','An Epic Drama of a \u{1f996}',2006,'Trailers,Deleted Scenes','PG'),('ACE GOLDFINGER','A ''Astounding'' Epistle',2006,'','NC-17')",
        "UPDATE film SET original_id=1 WHERE film_id=2",
        "INSERT INTO film_actor VALUES (1,1),(2,1),(3,2)",
        "INSERT INTO inventory (film_id, store_id) VALUES (1,1),(1,2),(2,1)",
        "INSERT INTO rental (rental_date, inventory_id, customer_id) VALUES ('2005-05-24 22:53:30',1,459),('2005-05-24 22:54:33',3,408)",
        // Each object has the session under which it was made.
        "SET SESSION sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES', time_zone='+05:30'",
        "CREATE FUNCTION ansi_way(a VARCHAR(20)) RETURNS VARCHAR(60) DETERMINISTIC RETURN a || '\\' || \"a\"",
        "CREATE EVENT \"ansi event\" ON SCHEDULE EVERY 1 WEEK STARTS '2035-01-01 00:00:00' ENDS '2036-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'it''s' DO INSERT INTO log (what) VALUES ('a' || 'b')",
        "SET SESSION sql_mode='', time_zone='+00:00'",
        "SET NAMES latin1 COLLATE latin1_german1_ci",
        "CREATE PROCEDURE in_latin1(IN x VARCHAR(10), OUT y INT) SELECT COUNT(*) INTO y FROM film WHERE title=x",
        "SET NAMES utf8mb4",
        "CREATE DEFINER='the boss'@'10.%' FUNCTION inventory_in_stock(p_inventory_id INT) RETURNS BOOLEAN READS SQL DATA SQL SECURITY INVOKER COMMENT '\u{e9} ; it''s' \
         BEGIN DECLARE v_rentals INT; DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_rentals = 0; -- a comment; with a semicolon\n SELECT COUNT(*) INTO v_rentals FROM rental WHERE inventory_id = p_inventory_id AND return_date IS NULL; \
         IF v_rentals = 0 THEN RETURN TRUE; END IF; /* another */ RETURN FALSE; END",
        "CREATE PROCEDURE film_in_stock(IN p_film_id INT, IN p_store_id INT, OUT p_film_count INT) READS SQL DATA BEGIN \
         SELECT inventory_id FROM inventory WHERE film_id=p_film_id AND store_id=p_store_id AND inventory_in_stock(inventory_id); SELECT FOUND_ROWS() INTO p_film_count; END",
        "CREATE DEFINER=clerk@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 03:00:00' ON COMPLETION NOT PRESERVE ENABLE DO BEGIN DELETE FROM log WHERE id<0; CALL film_in_stock(1,1,@x); END",
        "CREATE EVENT once ON SCHEDULE AT '2037-01-01 00:00:00' DO SET @x='ON COMPLETION ENABLE'",
        // Alphabetically the wrong way round.
        "CREATE DEFINER=clerk@'%' SQL SECURITY INVOKER VIEW z_film_actor AS SELECT f.film_id AS fid, f.title AS `ti``tle`, GROUP_CONCAT(CONCAT(a.first_name,_utf8mb4' ',a.last_name) ORDER BY a.actor_id SEPARATOR ', ') AS actors \
         FROM film f LEFT JOIN film_actor fa ON f.film_id=fa.film_id LEFT JOIN actor a ON fa.actor_id=a.actor_id GROUP BY f.film_id, f.title",
        "CREATE ALGORITHM=MERGE DEFINER=manager@localhost VIEW m_film_list AS SELECT v.fid, v.`ti``tle`, t.description, inventory_in_stock(i.inventory_id) AS in_stock FROM z_film_actor v JOIN film_text t ON t.film_id=v.fid LEFT JOIN inventory i ON i.film_id=v.fid",
        "CREATE ALGORITHM=TEMPTABLE VIEW a_of_list AS SELECT COUNT(*) AS n FROM m_film_list WHERE `ti``tle` LIKE 'A%'",
        "CREATE VIEW checked AS SELECT film_id, title FROM film WHERE film_id>0 WITH CASCADED CHECK OPTION",
        "CREATE VIEW checked_again AS SELECT film_id, title FROM checked WHERE film_id<1000 WITH LOCAL CHECK OPTION",
        "CREATE VIEW with_cte AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i+1 FROM n WHERE i<5) SELECT i, '\u{1f600}' AS c FROM n",
    ];
    statements.extend(rest.map(str::to_owned));
    if family == ServerFamily::Mariadb {
        statements.extend(
            [
                "SET SESSION sql_mode='ORACLE'",
                "CREATE PACKAGE tills AS FUNCTION total RETURN INT; PROCEDURE shut; END",
                "CREATE PACKAGE BODY tills AS FUNCTION total RETURN INT AS BEGIN RETURN 1; END; PROCEDURE shut AS BEGIN NULL; END; END",
                "SET SESSION sql_mode=''",
                "CREATE OR REPLACE AGGREGATE FUNCTION last_of(x INT) RETURNS INT BEGIN DECLARE y INT; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN y; LOOP FETCH GROUP NEXT ROW; SET y=x; END LOOP; END",
            ]
            .map(str::to_owned),
        );
    }
    statements
}
